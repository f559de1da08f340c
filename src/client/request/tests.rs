use crate::proto::{
    agent::{ListAgents, ListAgentsRequest},
    container::{RemoveContainer, RemoveContainerRequest, StopContainer, StopContainerRequest},
};

use super::*;

fn url(wire: &Wire) -> String {
    wire.url(&Url::parse("http://worpen.test:8080").unwrap()).to_string()
}

fn stop(id: &str) -> Result<Wire, ClientError> {
    let request = StopContainerRequest { id: id.to_owned(), wait: Some(5), timeout_s: Some(7) };
    Wire::new::<StopContainer>(&request)
}

#[test]
fn a_slash_in_a_name_does_not_part_the_path() {
    assert_eq!(
        url(&stop("web-1/nginx ü").unwrap()),
        "http://worpen.test:8080/api/v1/containers/web-1%2Fnginx%20%C3%BC/stop?wait=5"
    );
}

#[test]
fn a_post_keeps_its_query_out_of_its_body() {
    assert_eq!(stop("nginx").unwrap().body, Some(serde_json::json!({ "timeout_s": 7 })));
}

#[test]
fn a_get_or_delete_has_no_body_and_leaves_out_what_was_not_said() {
    let list = Wire::new::<ListAgents>(&ListAgentsRequest::default()).unwrap();
    assert_eq!((url(&list).as_str(), &list.body), ("http://worpen.test:8080/api/v1/agents", &None));

    let request = RemoveContainerRequest { id: "nginx".to_owned(), wait: None, force: true };
    let remove = Wire::new::<RemoveContainer>(&request).unwrap();
    assert_eq!(url(&remove), "http://worpen.test:8080/api/v1/containers/nginx?force=true");
}

#[test]
fn a_name_that_a_url_would_swallow_is_refused() {
    for name in ["", ".", ".."] {
        assert!(matches!(stop(name), Err(ClientError::Name { .. })), "{name:?}");
    }
}

#[test]
fn the_answer_may_take_what_the_request_asks_the_server_to_wait() {
    assert_eq!(stop("nginx").unwrap().patience(), ANSWER_TIMEOUT + Duration::from_secs(5));
}
