//! [`Pages`]: a list, walked along its cursors.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{Client, ClientError, Repeat, request::Wire};
use crate::proto::{
    endpoint::Content,
    page::{MAX_LIMIT, Page},
};

/// The pages of a list that are still to come.
#[derive(Debug)]
pub struct Pages<T> {
    client: Client,
    wire: Wire,
    ended: bool,
    items: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Pages<T> {
    pub(super) fn new(client: Client, mut wire: Wire) -> Self {
        if wire.asks_for("limit").is_none() {
            wire.set_query("limit", MAX_LIMIT.to_string());
        }
        Self { client, wire, ended: false, items: PhantomData }
    }

    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, ClientError> {
        if self.ended {
            return Ok(None);
        }
        let page: Page<T> = self.client.exchange(&self.wire, Repeat::Freely, Content::Json).await?.body;
        match page.next_cursor {
            Some(cursor) if self.wire.asks_for("cursor") == Some(&cursor) => {
                return Err(self
                    .client
                    .protocol("each page has a cursor of its own", "the same one came again"));
            }
            Some(cursor) => self.wire.set_query("cursor", cursor),
            None => self.ended = true,
        }
        Ok(Some(page.items))
    }

    /// Every item of the list.
    pub async fn all(mut self) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        while let Some(page) = self.next().await? {
            items.extend(page);
        }
        Ok(items)
    }

    /// The first items, as many as asked for.
    pub async fn first(mut self, most: usize) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        while items.len() < most
            && let Some(page) = self.next().await?
        {
            items.extend(page);
        }
        items.truncate(most);
        Ok(items)
    }
}
