use serde_json::json;

use super::*;
use crate::proto::{
    agent::ListAgents,
    container::{RemoveContainer, StopContainer},
};

fn texts(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>().into_iter()
}

fn fields(error: Error) -> Vec<(String, String)> {
    let Error::Invalid(fields) = error else { panic!("expected wrong fields, got {error}") };
    fields.into_iter().map(|field| (field.pointer, field.detail)).collect()
}

#[test]
fn path_query_and_body_make_one_request() {
    let body = json!({ "timeout_s": 5 }).as_object().unwrap().clone();
    let request = Shape::of::<StopContainer>()
        .assemble::<StopContainer>(texts(&[("id", "web-1/nginx"), ("wait", "3")]), body)
        .unwrap();
    assert_eq!((request.id.as_str(), request.wait, request.timeout_s), ("web-1/nginx", Some(3), Some(5)));
    let request = Shape::of::<RemoveContainer>()
        .assemble::<RemoveContainer>(texts(&[("id", "a"), ("force", "true")]), Map::new())
        .unwrap();
    assert!(request.force);
}

#[test]
fn a_whole_number_may_have_a_point() {
    let assemble = |value: serde_json::Value| {
        let body = json!({ "timeout_s": value }).as_object().unwrap().clone();
        Shape::of::<StopContainer>().assemble::<StopContainer>(texts(&[("id", "a")]), body)
    };
    assert_eq!(assemble(json!(175.0)).unwrap().timeout_s, Some(175));
    for wrong in [json!(0.5), json!(-1.0), json!(1e300), json!("5")] {
        let error = assemble(wrong).map(|_| ()).unwrap_err();
        assert_eq!(fields(error)[0].0, "/timeout_s");
    }
}

#[test]
fn every_wrong_field_is_named() {
    let shape = Shape::of::<StopContainer>();
    let error = shape.assemble::<StopContainer>(texts(&[("wait", "soon"), ("colour", "red")]), Map::new());
    assert_eq!(
        fields(error.map(|_| ()).unwrap_err()),
        vec![
            ("/wait".into(), "expected a whole number".into()),
            ("/colour".into(), "is not a field of this request; it has id, timeout_s, wait".into()),
        ]
    );
    let error = shape.assemble::<StopContainer>(texts(&[("id", "a"), ("id", "b")]), Map::new());
    assert_eq!(fields(error.map(|_| ()).unwrap_err())[0].1, "is given more than once");
    let error = Shape::of::<ListAgents>().assemble::<ListAgents>(texts(&[("status", "SLEEPY")]), Map::new());
    let found = fields(error.map(|_| ()).unwrap_err());
    assert_eq!(found[0].0, "/status");
    assert!(found[0].1.contains("ONLINE"), "{}", found[0].1);
}
