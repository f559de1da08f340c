//! Images.

pub(super) mod prune;
pub(super) mod pull;

use super::{
    call::{Answer, Call},
    listing::{self, Asked, List, Scan},
    page::not_a_cursor,
};
use crate::{
    core::{
        error::Error,
        selector::{
            Field, Needs,
            image::{FIELDS, ImageRow},
        },
    },
    proto::image::{Image, ListImages, ListImagesRequest},
};

pub(super) async fn list(call: Call<ListImages>) -> Result<Answer<ListImages>, Error> {
    listing::list(call).await
}

impl List for ListImages {
    type Row = ImageRow;
    type Item = Image;
    const NOUN: &'static str = "images";
    const FIELDS: &'static [Field<ImageRow>] = FIELDS;
    const SHOWS: Needs = Needs::IMAGES;

    fn asked(request: &ListImagesRequest) -> Asked<'_> {
        Asked {
            selector: request.selector.as_deref(),
            sort: request.sort.as_deref(),
            limit: request.limit,
            cursor: request.cursor.as_deref(),
        }
    }

    fn rows(scan: &Scan<'_>, request: &ListImagesRequest) -> Result<Vec<ImageRow>, Error> {
        let node = match &request.node {
            Some(node) => Some(scan.fleet.read().agent(node)?.id),
            None => None,
        };
        // The records of one node stand together.
        let start = match (scan.after, node) {
            (Some(after), _) => after.to_owned(),
            (None, Some(node)) => format!("{node}/"),
            (None, None) => String::new(),
        };
        if scan.fleet.read().images_after(&start).is_none() {
            return Err(not_a_cursor());
        }
        Ok(scan.gather(start, |fleet, after, most, rows| {
            let (mut last, mut seen) = (None, 0);
            let slice = fleet.images_after(after).into_iter().flatten().take(most);
            for item in slice.take_while(|item| node.is_none_or(|node| item.agent == node)) {
                (last, seen) = (Some(item), seen + 1);
                let Some(agent) = fleet.agent_record(item.agent) else { continue };
                rows.push(ImageRow {
                    image: item.clone(),
                    agent: agent.clone(),
                    stale_since: fleet.stale_since(item.agent),
                    now: scan.now,
                });
            }
            last.filter(|_| seen == most).map(|last| format!("{}/{}", last.agent, last.facts.id))
        }))
    }

    fn item(row: ImageRow) -> Image {
        Image { stale_since: row.stale_since, ..(*row.image).clone() }
    }
}
