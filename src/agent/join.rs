//! Joining: the node hands in its public key with an invitation, and learns whom to obey.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;

use super::{
    address::Address,
    certificate::{self, NewKey, tls_error},
    exchange::{Cause, post},
    identity::{Held, Identity, IdentityError, Membership, NodeKey, Secret, sync_epoch},
};
use crate::{
    config::agent::AgentConfig,
    core::{
        digest::sha256_hex,
        invitation::{Token, join_message, join_message_bound},
        signing::PublicKey,
    },
    proto::{
        endpoint::Endpoint,
        invitation::{JoinFleet, JoinRequest, Joined},
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
        source: Cause,
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
    /// Whoever answers is certified by others than the authority that the invitation names.
    #[error(
        "{server} shows a certificate of another authority than the one that invited this node, so the invitation was not \
         shown to it; check the address, or give --trust-system-roots where a TLS proxy stands before the server"
    )]
    OtherAuthority {
        /// The address.
        server: String,
    },
    /// No key to shake hands with can be made.
    #[error("no key can be made: {0}")]
    NoKey(String),
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
    let (joined, shook) = present(&address, &node, &token, config).await?;
    if !is_the_inviter(&joined, &token) {
        return Err(JoinError::OtherServer { server: config.server.clone() });
    }
    if joined.epoch > 0 {
        sync_epoch(&config.data, joined.epoch).map_err(JoinError::Identity)?;
    }
    let by_system_roots = matches!(shook, Shook::BySystemRoots);
    let key = if let Shook::ByAuthority(key) = shook { Some(key) } else { None };
    let certificate = joined.certificate.clone().zip(key);
    let certificate =
        certificate.map(|(certificate, key)| Held { certificate, key: Secret::of(&key.private) });
    node.membership = Some(Membership {
        invitation: token.id,
        url: config.server.clone(),
        keys: vec![joined.server_key.clone()],
        authorities: joined.authorities.clone(),
        revision: 0,
        certificate,
        by_system_roots,
        joined: Joined { authorities: Vec::new(), certificate: None, ..joined },
    });
    node.save().map_err(JoinError::Identity)?;
    node.try_into().map_err(JoinError::Identity)
}

/// Who the server was known by when the node joined.
enum Shook {
    /// The authority that the invitation names; the key is certified.
    ByAuthority(NewKey),
    /// An authority that the system trusts, in place of the one that the invitation names.
    BySystemRoots,
    /// What the address and the invitation ask for: no encryption, or no authority in particular.
    AsTold,
}

/// Asks the server to take the node in: where agents are managed, over a connection that it is bound to and with a key to be
/// certified; elsewhere as an agent without certificates. An invitation that names an authority is shown to nobody whom others
/// certify, unless that was told.
async fn present(
    address: &Address,
    node: &NodeKey,
    token: &Token,
    config: &AgentConfig,
) -> Result<(Joined, Shook), JoinError> {
    let server = &config.server;
    let Some(authority) = token.authority.filter(|_| address.is_encrypted()) else {
        return present_plain(address, node, token, server).await.map(|joined| (joined, Shook::AsTold));
    };
    match present_bound(address, node, token, authority, server).await? {
        Some((joined, key)) => Ok((joined, Shook::ByAuthority(key))),
        None if config.trust_system_roots => {
            present_plain(address, node, token, server).await.map(|joined| (joined, Shook::BySystemRoots))
        }
        None => Err(JoinError::OtherAuthority { server: server.clone() }),
    }
}

/// `None` when whoever answers shows no certificate of the authority that invited: a proxy, which others certify.
async fn present_bound(
    address: &Address,
    node: &NodeKey,
    token: &Token,
    authority: [u8; 32],
    server: &str,
) -> Result<Option<(Joined, NewKey)>, JoinError> {
    let key = NewKey::make().map_err(|error| JoinError::NoKey(error.to_string()))?;
    let config = certificate::joining(authority).map_err(JoinError::Tls)?;
    let public = node.key.public();
    let body = |binding: &_| {
        let hash = sha256_hex(&token.secret);
        let message = join_message_bound(token.id, &hash, &public, &key.public, binding);
        let request = JoinRequest {
            invitation: token.id,
            public_key: public.to_string(),
            signature: URL_SAFE_NO_PAD.encode(node.key.sign(&message)),
            tls_key: Some(key.public.to_string()),
        };
        serde_json::to_vec(&request).map_err(Cause::from)
    };
    let answered = post(address, Arc::new(config), JoinFleet::PATH, body).await;
    let (status, body) = match answered {
        Ok(answered) => answered,
        Err(cause) => {
            return match tls_error(&*cause) {
                Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => Ok(None),
                _ => Err(JoinError::Unreachable { server: server.to_owned(), source: cause }),
            };
        }
    };
    understood(status, &body, server).map(|joined| Some((joined, key)))
}

async fn present_plain(
    address: &Address,
    node: &NodeKey,
    token: &Token,
    server: &str,
) -> Result<Joined, JoinError> {
    let unreachable =
        |source: reqwest::Error| JoinError::Unreachable { server: server.to_owned(), source: source.into() };
    let public = node.key.public();
    let request = JoinRequest {
        invitation: token.id,
        public_key: public.to_string(),
        signature: URL_SAFE_NO_PAD.encode(node.key.sign(&join_message(
            token.id,
            &sha256_hex(&token.secret),
            &public,
        ))),
        tls_key: None,
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
    let body = answer.bytes().await.map_err(unreachable)?;
    understood(status, &body, server)
}

/// What the server's answer says.
fn understood(status: StatusCode, body: &[u8], server: &str) -> Result<Joined, JoinError> {
    if status.is_success() {
        return serde_json::from_slice(body)
            .map_err(|_| JoinError::OtherServer { server: server.to_owned() });
    }
    match serde_json::from_slice::<Problem>(body) {
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
