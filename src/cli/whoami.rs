//! `worpen whoami`: says who the server takes this terminal for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{error::CliError, exit::ExitStatus, measure, session::Session};
use crate::{
    client::Client,
    config::secret::Secret,
    proto::{
        auth::{Identity, WhoAmI},
        endpoint::Empty,
    },
};

/// Who is calling whom, and until when.
#[derive(Debug, Serialize)]
struct Known {
    #[serde(flatten)]
    identity: Identity,
    server: String,
    context: Option<String>,
    token_from: Option<String>,
    expires_at: Option<Timestamp>,
}

pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let target = session.contexts()?.resolve(&session.flags, &session.environment)?;
    let client = Client::trusting(&target.server, target.token.clone(), target.authority.as_deref())?;
    let identity = client.call::<WhoAmI>(&Empty {}).await?.body;
    let expires_at = end_of(&identity, target.token.as_ref());
    let known = Known {
        identity,
        server: client.server().to_owned(),
        context: target.context,
        token_from: target.token_from.map(|from| from.to_string()),
        expires_at,
    };
    let Identity { username, role, key, .. } = &known.identity;
    let signed_in_with = match (key, &known.token_from) {
        (Some(key), Some(from)) => format!("the key '{}' from {from}", key.name),
        (None, Some(from)) => format!("a token from {from}"),
        (_, None) => "nothing".to_owned(),
    };
    session.one(
        &known,
        username,
        [
            ("User", username.as_str().into()),
            ("Role", role.as_str().into()),
            ("Server", known.server.as_str().into()),
            ("Context", known.context.clone().unwrap_or_else(measure::dash).into()),
            ("Signed in with", signed_in_with.into()),
            ("Until", known.expires_at.map_or_else(measure::dash, measure::moment).into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}

/// When credentials stop working: the server knows it of a key, and a token says it of itself.
pub(crate) fn end_of(identity: &Identity, token: Option<&Secret>) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    if let Some(key) = &identity.key {
        return Some(key.expires_at);
    }
    let body = token?.expose().split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    Timestamp::from_second(claims.exp).ok()
}
