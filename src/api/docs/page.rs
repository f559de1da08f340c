//! The description as one page that loads nothing and runs nothing.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    description::{Description, Field, Operation, Place},
    markup::{escape, prose, type_of},
    words,
};
use crate::proto::endpoint::{Access, Content};

/// The letters of a line that the page shows without scrolling.
const LINE: usize = 92;

const STYLE: &str = include_str!("page.css");

/// The page, and the `Content-Security-Policy` that lets it have its own style and nothing else.
pub(super) fn render(description: &Description) -> (String, String) {
    let mut page = String::with_capacity(128 * 1024);
    head(&mut page);
    contents(&mut page, description);
    page.push_str("<main id=\"main\">\n<h1>Worpen API</h1>\n");
    page.push_str(&format!(
        "<p class=\"soft\">Version {}. For programs: <a href=\"/api-docs/openapi.json\">OpenAPI 3.1</a>.</p>\n\
         <p class=\"about\">{}</p>\n",
        env!("CARGO_PKG_VERSION"),
        prose(words::ABOUT)
    ));
    page.push_str(&format!(
        "<p class=\"about\">Callers prove themselves by <code>Authorization: Bearer</code>. {} The examples take \
         both from the environment:</p>\n<pre>export WORPEN_SERVER=...  # this server's address\n\
         export WORPEN_TOKEN=...   # worpen login, or POST /api/v1/auth/login</pre>\n",
        prose(words::BEARER)
    ));
    for noun in description.nouns() {
        let (title, meaning) = words::noun(noun);
        page.push_str(&format!("<section id=\"{noun}\">\n<h2>{title}</h2>\n<p>{}</p>\n", prose(meaning)));
        for operation in description.operations().iter().filter(|operation| operation.noun == noun) {
            call(&mut page, description, operation);
        }
        page.push_str("</section>\n");
    }
    statuses(&mut page, description);
    types(&mut page, description);
    page.push_str("</main>\n</div>\n</body>\n</html>\n");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    (page, policy)
}

fn head(page: &mut String) {
    page.push_str(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Worpen API</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<a class=\"skip\" href=\"#main\">To the calls</a>\n<div class=\"frame\">\n"
    ));
}

fn contents(page: &mut String, description: &Description) {
    page.push_str("<nav aria-label=\"Calls\">\n<a class=\"name\" href=\"#main\">Worpen API</a>\n");
    for noun in description.nouns() {
        page.push_str(&format!("<h2>{}</h2>\n<ul>\n", words::noun(noun).0));
        for operation in description.operations().iter().filter(|operation| operation.noun == noun) {
            let summary = operation.summary.split([';', ':', ',']).next().unwrap_or_default();
            let words = prose(summary.trim_end_matches('.'));
            page.push_str(&format!("<li><a href=\"#{}\">{words}</a></li>\n", operation.name));
        }
        page.push_str("</ul>\n");
    }
    page.push_str(
        "<h2>Besides</h2>\n<ul>\n<li><a href=\"#statuses\">Statuses</a></li>\n\
         <li><a href=\"#types\">Types</a></li>\n</ul>\n</nav>\n",
    );
}

fn call(page: &mut String, description: &Description, operation: &Operation) {
    let (role, who) = words::access(operation.access);
    let method = operation.method.as_str();
    page.push_str(&format!(
        "<article id=\"{}\">\n<h3><span class=\"method {}\">{method}</span><code>{}</code>\
         <span class=\"who\" title=\"{who}\">{role}</span></h3>\n<p>{}</p>\n",
        operation.name,
        method.to_lowercase(),
        operation.path,
        prose(operation.summary)
    ));
    for alias in operation.aliases {
        page.push_str(&format!("<p class=\"soft\">Also at <code>{alias}</code></p>\n"));
    }
    if !operation.fields.is_empty() || operation.keyed {
        page.push_str(
            "<div class=\"scroll\"><table class=\"fields\">\n\
             <tr><th>Field</th><th>In</th><th>Type</th><th>Meaning</th></tr>\n",
        );
        for field in &operation.fields {
            let must = if field.required { "<span class=\"must\">required</span>" } else { "" };
            row(
                page,
                &format!("<code>{}</code>{must}", field.name),
                field.place.word(),
                &type_of(&field.schema),
                &field.meaning,
            );
        }
        if operation.keyed {
            row(page, "<code>Idempotency-Key</code>", "header", "text", words::IDEMPOTENCY_KEY);
        }
        page.push_str("</table></div>\n");
    }
    answers(page, operation);
    page.push_str(&format!("<pre>{}</pre>\n", escape(&curl(operation))));
    if let Some(example) = description.example(&operation.response).filter(|example| *example != json!({})) {
        let text = serde_json::to_string_pretty(&example).unwrap_or_default();
        page.push_str(&format!(
            "<details><summary>An answer</summary><pre>{}</pre></details>\n",
            escape(&text)
        ));
    }
    page.push_str("</article>\n");
}

fn row(page: &mut String, name: &str, place: &str, kind: &str, meaning: &str) {
    page.push_str(&format!(
        "<tr><td>{name}</td><td>{place}</td><td>{kind}</td><td>{}</td></tr>\n",
        prose(meaning)
    ));
}

fn answers(page: &mut String, operation: &Operation) {
    let body = match operation.content {
        Content::Json => type_of(&operation.response),
        Content::Text => "text".to_owned(),
        Content::Lines => format!("text, or lines of {}", type_of(&operation.response)),
        Content::Objects => format!("lines of {}", type_of(&operation.response)),
        Content::Bytes => "bytes".to_owned(),
        Content::Html => "this page".to_owned(),
        Content::WebSocket if operation.access == Access::Agent => "a WebSocket".to_owned(),
        Content::WebSocket => format!("a WebSocket of {}", type_of(&operation.response)),
    };
    page.push_str(&format!(
        "<p class=\"answers\"><b>{}</b> {body} <span class=\"soft\">· refusals {}, as \
         <a href=\"#type-Problem\">Problem</a></span></p>\n",
        list(operation.success.iter().copied()),
        list(operation.refusals.iter().copied())
    ));
}

/// Statuses, each with its meaning for whoever points at it.
fn list(statuses: impl Iterator<Item = u16>) -> String {
    statuses
        .map(|status| format!("<span title=\"{}\">{status}</span>", escape(words::status(status))))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The call as a shell has it.
fn curl(operation: &Operation) -> String {
    let (mut path, mut query, mut body) = (operation.path.to_owned(), Vec::new(), Map::new());
    for Field { name, place, example, .. } in &operation.fields {
        let Some(example) = example else { continue };
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        match place {
            Place::Path => path = path.replace(&format!("{{{name}}}"), &text),
            Place::Query => query.push((name.as_str(), text)),
            Place::Body => {
                body.insert(name.clone(), example.clone());
            }
        }
    }
    if !query.is_empty() {
        path = format!(
            "{path}?{}",
            form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish()
        );
    }
    let mut words = vec!["curl".to_owned()];
    if operation.content == Content::WebSocket {
        words[0] = "websocat".to_owned();
    } else if operation.method != "GET" && body.is_empty() {
        words.push(format!("-X {}", operation.method));
    }
    if operation.access > Access::Agent {
        words.push("-H \"Authorization: Bearer $WORPEN_TOKEN\"".to_owned());
    }
    if !body.is_empty() {
        words.push(format!("-H 'Content-Type: application/json' \\\n  -d '{}' \\\n ", Value::Object(body)));
    }
    let server =
        if operation.content == Content::WebSocket { "${WORPEN_SERVER/http/ws}" } else { "$WORPEN_SERVER" };
    let (line, address) = (words.join(" "), format!("\"{server}{path}\""));
    let parting = if !line.ends_with("\n ") && line.len() + address.len() > LINE { " \\\n  " } else { " " };
    format!("{line}{parting}{address}")
}

fn statuses(page: &mut String, description: &Description) {
    page.push_str(
        "<section id=\"statuses\">\n<h2>Statuses</h2>\n<p>What each means, wherever it comes.</p>\n<table>\n",
    );
    let statuses: BTreeSet<u16> = description
        .operations()
        .iter()
        .flat_map(|operation| operation.success.iter().chain(&operation.refusals).copied())
        .collect();
    for status in statuses {
        page.push_str(&format!(
            "<tr><td><b>{status}</b> {}</td><td>{}</td></tr>\n",
            words::reason(status),
            prose(words::status(status))
        ));
    }
    page.push_str("</table>\n</section>\n");
}

fn types(page: &mut String, description: &Description) {
    page.push_str("<section id=\"types\">\n<h2>Types</h2>\n<p>What travels in the calls above.</p>\n");
    for (name, schema) in description.schemas() {
        page.push_str(&format!("<article id=\"type-{name}\">\n<h3>{name}</h3>\n"));
        if let Some(meaning) = schema["description"].as_str() {
            page.push_str(&format!("<p>{}</p>\n", prose(meaning)));
        }
        match (schema["properties"].as_object(), schema["oneOf"].as_array()) {
            (Some(properties), _) if !properties.is_empty() => {
                members(page, "Field", properties.iter().map(member))
            }
            (_, Some(choices)) => members(page, "One of", choices.iter().map(choice)),
            _ => page.push_str(&format!("<p class=\"soft\">{}</p>\n", type_of(&schema))),
        }
        page.push_str("</article>\n");
    }
    page.push_str("</section>\n");
}

/// The members of a type: name, type, meaning.
fn members(page: &mut String, title: &str, members: impl Iterator<Item = (String, String, String)>) {
    page.push_str(&format!(
        "<div class=\"scroll\"><table>\n<tr><th>{title}</th><th>Type</th><th>Meaning</th></tr>\n"
    ));
    for (name, kind, meaning) in members {
        page.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{kind}</td><td>{}</td></tr>\n",
            escape(&name),
            prose(&meaning)
        ));
    }
    page.push_str("</table></div>\n");
}

fn member((name, schema): (&String, &Value)) -> (String, String, String) {
    (name.clone(), type_of(schema), meaning_of(schema))
}

fn choice(schema: &Value) -> (String, String, String) {
    let tag = |schema: &Value| {
        schema.as_object()?.values().find_map(|field| Some(field["const"].as_str()?.to_owned()))
    };
    let name = schema["const"].as_str().map(str::to_owned).or_else(|| tag(&schema["properties"]));
    let fields: Vec<String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, field)| field.get("const").is_none())
        .map(|(name, field)| format!("<code>{name}</code> {}", type_of(field)))
        .collect();
    (name.unwrap_or_default(), fields.join(", "), meaning_of(schema))
}

fn meaning_of(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}
