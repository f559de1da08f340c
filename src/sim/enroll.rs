//! [`Door`]: how simulated agents join, a few at a time, through an invitation each.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use tokio::sync::Semaphore;

use super::{SimError, address::Address};
use crate::{
    core::{
        digest::sha256_hex,
        invitation::{Token, join_message},
        signing::{PublicKey, SigningKey},
    },
    proto::{
        endpoint::Endpoint,
        invitation::{Invitation, InviteAgent, InviteRequest, JoinFleet, JoinRequest, Joined},
        problem::Problem,
    },
};

/// How many join at a time.
const PLACES: usize = 32;
/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Where agents are invited and join.
pub(super) struct Door {
    client: Client,
    invite: String,
    join: String,
    server: String,
    token: Option<String>,
    places: Semaphore,
}

impl Door {
    /// The door of a server.
    pub(super) fn new(address: &Address, server: &str, token: Option<String>) -> Result<Self, SimError> {
        let client = Client::builder()
            .tls_backend_preconfigured(address.tls()?.as_ref().clone())
            .redirect(Policy::none())
            .no_proxy()
            .timeout(ANSWER)
            .build()
            .map_err(SimError::Http)?;
        Ok(Self {
            client,
            invite: address.call(InviteAgent::PATH),
            join: address.call(JoinFleet::PATH),
            server: server.to_owned(),
            token,
            places: Semaphore::new(PLACES),
        })
    }

    /// Invites an agent.
    pub(super) async fn invite(&self, name: &str) -> Result<Token, SimError> {
        let token = self.token.as_ref().ok_or(SimError::NoToken)?;
        let _place = self.places.acquire().await;
        let request = InviteRequest {
            name: name.to_owned(),
            site: Some("simulated".into()),
            expires_in: None,
            plain: false,
        };
        let answer = self.client.post(&self.invite).bearer_auth(token).json(&request).send().await;
        let answer = answer.map_err(|source| self.unreachable(source))?;
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(SimError::NotAllowed { detail: detail(answer).await })
            }
            StatusCode::CONFLICT => Err(SimError::NameTaken { name: name.to_owned() }),
            status if status.is_success() => {
                let invitation: Invitation =
                    answer.json().await.map_err(|source| self.unreachable(source))?;
                Token::parse(&invitation.token).ok_or_else(|| not_taken(name, "its invitation is not one"))
            }
            _ => Err(not_taken(name, &detail(answer).await)),
        }
    }

    /// Spends an invitation.
    pub(super) async fn join(&self, name: &str, token: &Token, key: &SigningKey) -> Result<Joined, SimError> {
        let _place = self.places.acquire().await;
        let public = key.public();
        let request = JoinRequest {
            invitation: token.id,
            public_key: public.to_string(),
            signature: URL_SAFE_NO_PAD.encode(key.sign(&join_message(
                token.id,
                &sha256_hex(&token.secret),
                &public,
            ))),
            tls_key: None,
        };
        let answer = self.client.post(&self.join).json(&request).send().await;
        let answer = answer.map_err(|source| self.unreachable(source))?;
        if !answer.status().is_success() {
            return Err(not_taken(name, &detail(answer).await));
        }
        let joined: Joined = answer.json().await.map_err(|source| self.unreachable(source))?;
        let is_the_inviter =
            PublicKey::parse(&joined.server_key).is_some_and(|key| key.fingerprint() == token.server);
        if is_the_inviter { Ok(joined) } else { Err(not_taken(name, "it is not the server that invited it")) }
    }

    fn unreachable(&self, source: reqwest::Error) -> SimError {
        SimError::Unreachable { server: self.server.clone(), source }
    }
}

fn not_taken(name: &str, detail: &str) -> SimError {
    SimError::NotTaken { name: name.to_owned(), detail: detail.to_owned() }
}

/// The server's words.
async fn detail(answer: Response) -> String {
    let status = answer.status();
    match answer.json::<Problem>().await {
        Ok(problem) => format!("{}: {}", status.as_u16(), problem.detail),
        Err(_) => status.to_string(),
    }
}
