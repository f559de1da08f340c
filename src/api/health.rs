//! Is the server there?

use super::call::{Answer, Call};
use crate::{core::error::Error, proto::health::GetHealth};

pub(super) async fn get(_: Call<GetHealth>) -> Result<Answer<GetHealth>, Error> {
    Ok(Answer::ok(&"OK".to_owned()))
}
