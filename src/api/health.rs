//! Is the server there, and can it do its work?

use super::{
    app::App,
    call::{Answer, Call},
    probe::Took,
};
use crate::{
    core::error::Error,
    proto::health::{
        DatabaseHealth, GetDatabaseHealth, GetHealth, GetRedisHealth, GetSystemHealth, Health, RedisHealth,
        SystemHealth,
    },
};

pub(super) async fn get(_: Call<GetHealth>) -> Result<Answer<GetHealth>, Error> {
    Ok(Answer::ok(&"OK".to_owned()))
}

pub(super) async fn system(call: Call<GetSystemHealth>) -> Result<Answer<GetSystemHealth>, Error> {
    let app = &call.app;
    let database = standing(app).await?.0;
    let is_sound = app.heads.alarm().is_none() && app.heads.unkept().is_none();
    let audit = if is_sound { Health::Healthy } else { Health::Degraded };
    Ok(Answer::ok(&SystemHealth {
        status: if database == Health::Healthy { audit } else { database },
        database,
        audit,
        redis: Health::NotConfigured,
    }))
}

pub(super) async fn database(call: Call<GetDatabaseHealth>) -> Result<Answer<GetDatabaseHealth>, Error> {
    let app = &call.app;
    let (status, took) = standing(app).await?;
    let millis = |span: std::time::Duration| span.as_secs_f64() * 1e3;
    Ok(Answer::ok(&DatabaseHealth { status, write_ms: millis(took.write), read_ms: millis(took.read) }))
}

pub(super) async fn redis(_: Call<GetRedisHealth>) -> Result<Answer<GetRedisHealth>, Error> {
    Ok(Answer::ok(&RedisHealth { status: Health::NotConfigured }))
}

/// How the database stands: badly while the disk is full, since then it refuses most of what it is given.
async fn standing(app: &App) -> Result<(Health, Took), Error> {
    let took = app.probe.database(app).await?;
    Ok((if app.room.is_full() { Health::Degraded } else { Health::Healthy }, took))
}
