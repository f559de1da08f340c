use tokio_tungstenite::tungstenite::http::Response;

use super::*;

fn refused(status: u16, after: Option<&str>) -> End {
    let mut response = Response::builder().status(status);
    if let Some(after) = after {
        response = response.header("Retry-After", after);
    }
    not_opened(tungstenite::Error::Http(Box::new(response.body(None).unwrap())))
}

#[test]
fn a_server_says_when_to_come_again_and_is_believed_for_a_minute_at_most() {
    let after = |end| if let End::Later(after, _) = end { Some(after.as_secs()) } else { None };
    assert_eq!(after(refused(429, Some("7"))), Some(7));
    assert_eq!(after(refused(503, Some("30"))), Some(30));
    assert_eq!(after(refused(429, Some("99999999999"))), Some(60), "whoever answers has proven nothing yet");
    for (status, header) in [(429, None), (429, Some("soon")), (404, Some("7"))] {
        assert_eq!(after(refused(status, header)), None, "{status} {header:?}");
    }
}
