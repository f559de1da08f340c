//! The first start: a store is given one admin, whose password only its file knows, once and never again.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{ServerError, random};
use crate::{
    api::{app::App, clock},
    config::private,
    core::{
        error::Error,
        password::Memory,
        usecase::{Origin, user},
    },
    proto::user::{CreateUserRequest, Role},
};

/// The name of the first admin.
const ADMIN: &str = "admin";

/// Makes the first admin of a store that never had one, and returns where its password is. The file is written before the user:
/// a password that nobody can read is worse than one that does not hold yet.
pub(super) async fn ensure_admin(app: &App, folder: &Path) -> Result<PathBuf, ServerError> {
    let path = folder.join("admin-password");
    let was_made =
        app.records.had_first_admin().await.map_err(|error| ServerError::Start(Error::from(error)))?;
    let users = app.records.users(None, 1).await.map_err(|error| ServerError::Start(Error::from(error)))?;
    if was_made || !users.is_empty() {
        return Ok(path);
    }
    let secret: Zeroizing<[u8; 18]> = Zeroizing::new(random().map_err(ServerError::Start)?);
    let password = URL_SAFE_NO_PAD.encode(secret.as_ref());
    let line = Zeroizing::new(format!("{password}\n"));
    private::replace(&path, line.as_bytes())
        .map_err(|source| ServerError::File { path: path.clone(), source })?;
    let request = CreateUserRequest { username: ADMIN.into(), password, role: Role::Admin };
    let origin = Origin::server(clock::now(), app.server.to_string());
    let salt = random().map_err(ServerError::Start)?;
    user::create_first(&*app.store, &request, (salt, &mut Memory::default()), &origin)
        .await
        .map_err(ServerError::Start)?;
    tracing::info!("made the user '{ADMIN}'; its password is in {}", path.display());
    Ok(path)
}
