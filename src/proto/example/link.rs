//! Examples of opening a link.

use crate::proto::link::LinkRequest;

pub(in crate::proto) fn open_link() -> LinkRequest {
    LinkRequest { token: Some("wpa_3q2-7wV4...".into()) }
}
