//! Joining: the node hands in its public key with an invitation, and learns whom to obey.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    address::Address,
    identity::{Identity, IdentityError, Membership, NodeKey},
};
use crate::{
    config::agent::AgentConfig,
    core::{
        digest::sha256_hex,
        invitation::{Token, join_message},
        signing::PublicKey,
    },
    proto::{
        invitation::{JoinRequest, Joined},
        problem::Problem,
    },
};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Why a node did not join; each says the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The token is not one.
    #[error("this is not an invitation's token; paste all of 'wpi_...' as 'worpen agents invite' printed it")]
    NotAToken,
    /// The address is not one.
    #[error("'{0}' is not a server's address; expected http://HOST:PORT or https://HOST:PORT")]
    NotAnAddress(String),
    /// The node belongs to a server already.
    #[error(
        "this node has joined {url} as '{name}'; to join anew, stop the agent and remove its data folder"
    )]
    AlreadyJoined {
        /// The agent's name.
        name: String,
        /// Its server.
        url: String,
    },
    /// The server does not answer.
    #[error("cannot reach {server}; check the address, the network, and that the server runs")]
    Unreachable {
        /// The server.
        server: String,
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
    /// The server says no: the invitation expired, was spent by another node, or never was.
    #[error("the server refused: {detail}; ask for a fresh invitation with 'worpen agents invite'")]
    Refused {
        /// The problem's stable name.
        code: String,
        /// The server's words.
        detail: String,
    },
    /// The server cannot serve just now.
    #[error("the server could not take the node in ({status}); try again with the same token")]
    NotNow {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not a server's answer, or another server's than the invitation names.
    #[error(
        "{server} is not the server that invited this node; check the address, or ask for an invitation there"
    )]
    OtherServer {
        /// The address.
        server: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The node's own files.
    #[error(transparent)]
    Identity(IdentityError),
}

/// Joins the server that gave the token. Asked again with the same token, it gives the same identity, also while the
/// server is away.
///
/// # Errors
/// Says why the node did not join, and the cure.
pub async fn join(config: &AgentConfig, token: &str) -> Result<Identity, JoinError> {
    let token = Token::parse(token).ok_or(JoinError::NotAToken)?;
    let address =
        Address::parse(&config.server).ok_or_else(|| JoinError::NotAnAddress(config.server.clone()))?;
    let mut node = NodeKey::load_or_make(&config.data).map_err(JoinError::Identity)?;
    if let Some(known) = node.membership.as_ref().filter(|known| known.invitation != token.id) {
        return Err(JoinError::AlreadyJoined { name: known.joined.agent_id.clone(), url: known.url.clone() });
    }
    if node.membership.is_some() {
        return node.try_into().map_err(JoinError::Identity);
    }
    let joined = present(&address, &node, &token, &config.server).await?;
    if !is_the_inviter(&joined, &token) {
        return Err(JoinError::OtherServer { server: config.server.clone() });
    }
    let keys = vec![joined.server_key.clone()];
    node.membership = Some(Membership { invitation: token.id, url: config.server.clone(), keys, joined });
    node.save().map_err(JoinError::Identity)?;
    node.try_into().map_err(JoinError::Identity)
}

/// Asks the server to take the node in.
async fn present(
    address: &Address,
    node: &NodeKey,
    token: &Token,
    server: &str,
) -> Result<Joined, JoinError> {
    let unreachable = |source: reqwest::Error| JoinError::Unreachable { server: server.to_owned(), source };
    let public = node.key.public();
    let request = JoinRequest {
        invitation: token.id,
        public_key: public.to_string(),
        signature: URL_SAFE_NO_PAD.encode(node.key.sign(&join_message(
            token.id,
            &sha256_hex(&token.secret),
            &public,
        ))),
    };
    let tls = address.tls().map_err(JoinError::Tls)?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.as_ref().clone())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER)
        .build()
        .map_err(unreachable)?;
    let answer = client.post(address.join()).json(&request).send().await.map_err(unreachable)?;
    let status = answer.status();
    if status.is_success() {
        return answer.json().await.map_err(|_| JoinError::OtherServer { server: server.to_owned() });
    }
    match answer.json::<Problem>().await {
        Ok(problem) if status.is_client_error() => {
            Err(JoinError::Refused { code: problem.code, detail: problem.detail })
        }
        Err(_) if !status.is_server_error() => Err(JoinError::OtherServer { server: server.to_owned() }),
        _ => Err(JoinError::NotNow { status: status.as_u16() }),
    }
}

/// Whether the key that will sign orders is the one whose fingerprint the invitation carries.
fn is_the_inviter(joined: &Joined, token: &Token) -> bool {
    PublicKey::parse(&joined.server_key).is_some_and(|key| key.fingerprint() == token.server)
}
