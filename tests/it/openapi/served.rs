//! What is served, and what the server does against what it says.

use reqwest::Method;
use serde_json::json;

use super::{
    calls, document,
    document::{resolve, validator},
};
use crate::harness::{TestServer, http};

#[tokio::test]
async fn the_document_is_served_once_and_then_only_confirmed() {
    let server = TestServer::start().await;
    for path in ["/api-docs/openapi.json", "/api-docs"] {
        let whole = http().get(server.at(path)).send().await.unwrap();
        assert_eq!(whole.status().as_u16(), 200);
        let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
        assert!(!whole.bytes().await.unwrap().is_empty());
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let confirmed = http().get(server.at(path)).header("if-none-match", &known).send().await.unwrap();
            assert_eq!(confirmed.status().as_u16(), 304, "{path} {known}");
            assert_eq!(confirmed.headers()["etag"].to_str().unwrap(), tag);
            assert!(confirmed.bytes().await.unwrap().is_empty());
        }
        let changed = http().get(server.at(path)).header("if-none-match", "\"other\"").send().await.unwrap();
        assert_eq!(changed.status().as_u16(), 200);
    }
    let served = http().get(server.at("/api-docs/openapi.json")).send().await.unwrap();
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(served.json::<serde_json::Value>().await.unwrap(), document());
    server.stop().await;
}

#[tokio::test]
async fn the_page_stands_alone() {
    let server = TestServer::start().await;
    let answer = http().get(server.at("/api-docs")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = answer.text().await.unwrap();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "style=\""] {
        assert!(!page.contains(outside), "the page has '{outside}'");
    }
    for route in worpen::api::api().routes() {
        assert!(page.contains(&format!(">{}<", route.path)), "{} {}", route.method, route.path);
    }
    for (at, _) in page.match_indices("href=\"#") {
        let target = page[at + 7..].split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "nothing has the id {target}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_each_call_answers_is_what_the_document_says() {
    let server = TestServer::start().await;
    let (document, admin) = (document(), server.admin().await);
    for (method, path, call) in calls(&document) {
        for token in [Some(&admin), None] {
            let at = server.at(&path.replace("{id}", "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21"));
            let mut request = http().request(Method::from_bytes(method.as_bytes()).unwrap(), at);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if let Some(example) = call["requestBody"]["content"]["application/json"].get("example") {
                request = request.json(example);
            }
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let what = format!("{method} {path}: {status}");
            let said = resolve(&document, &call["responses"][status.to_string()]);
            assert!(said.is_object(), "{what} is not described");
            for header in said["headers"].as_object().unwrap().keys() {
                assert!(answer.headers().contains_key(header), "{what}: {header}");
            }
            let kind =
                answer.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let media = &said["content"][&kind];
            assert!(media.is_object(), "{what}: {kind} is not described");
            let body = if kind.ends_with("json") {
                answer.json().await.unwrap()
            } else {
                json!(answer.text().await.unwrap())
            };
            if let Err(error) = validator(&document, &media["schema"]).validate(&body) {
                panic!("{what}: {error} at {}", error.instance_path());
            }
        }
    }
    server.stop().await;
}
