//! Is the server there, and can it do its work?

use super::call::{Answer, Call};
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
    app.probe.database(app).await?;
    Ok(Answer::ok(&SystemHealth {
        status: Health::Healthy,
        database: Health::Healthy,
        redis: Health::NotConfigured,
    }))
}

pub(super) async fn database(call: Call<GetDatabaseHealth>) -> Result<Answer<GetDatabaseHealth>, Error> {
    let app = &call.app;
    let took = app.probe.database(app).await?;
    let millis = |span: std::time::Duration| span.as_secs_f64() * 1e3;
    Ok(Answer::ok(&DatabaseHealth {
        status: Health::Healthy,
        write_ms: millis(took.write),
        read_ms: millis(took.read),
    }))
}

pub(super) async fn redis(_: Call<GetRedisHealth>) -> Result<Answer<GetRedisHealth>, Error> {
    Ok(Answer::ok(&RedisHealth { status: Health::NotConfigured }))
}
