use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::core::verb::BUILT_IN;

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn site(schema: Value) -> SiteVerb {
    SiteVerb { name: "v".into(), about: String::new(), idempotent: false, timeout_s: Some(20), schema }
}

fn faults(verb: &str, site: Option<&SiteVerb>, args: &Value) -> Vec<(String, String)> {
    match check(verb, site, &map(args)) {
        Err(Error::Invalid(faults)) => {
            faults.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn panel_user() -> SiteVerb {
    site(json!({
        "type": "object",
        "required": ["username", "password"],
        "additionalProperties": false,
        "properties": {
            "username": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{1,31}$", "description": "Who." },
            "password": { "type": "string", "minLength": 8, "writeOnly": true },
            "quota": { "type": "integer", "minimum": 1 },
        },
    }))
}

#[test]
fn every_schema_of_ours_can_be_used() {
    for verb in &BUILT_IN {
        schema::of_built_in(verb).unwrap_or_else(|why| panic!("{}: {why}", verb.name));
    }
}

#[test]
fn a_verb_of_ours_keeps_its_secret_environment() {
    let args =
        json!({ "argv": ["env"], "env": { "A": "shown" }, "secret_env": { "TOKEN": "hidden", "B": "hid" } });
    let checked = check("exec", None, &map(&args)).unwrap();
    assert_eq!(
        Value::Object(checked.redacted),
        json!({ "argv": ["env"], "env": { "A": "shown" }, "secret_env": "[redacted]" })
    );
    assert_eq!((checked.secrets, checked.effect), (vec!["hidden".into(), "hid".into()], Effect::Acts));
}

#[test]
fn what_is_wrong_with_a_verb_of_ours_is_named_with_its_cure() {
    for (verb, args, pointer, words) in [
        ("exec", json!({}), "/args/argv", "is required"),
        ("exec", json!({ "argv": [] }), "/args/argv", "1 to 1024"),
        ("exec", json!({ "argv": "ls -l" }), "/args/argv", "expected a list"),
        ("exec", json!({ "argv": ["ls", 7] }), "/args/argv/1", "expected a text"),
        ("exec", json!({ "argv": ["ls"], "shell": true }), "/args/shell", "no such argument"),
        ("exec", json!({ "argv": ["ls"], "fodler": "/" }), "/args/fodler", "did you mean 'folder'?"),
        ("exec", json!({ "argv": ["ls"], "folder": "tmp" }), "/args/folder", "an absolute path"),
        ("exec", json!({ "argv": ["l\0s"] }), "/args/argv/0", "NUL"),
        ("exec", json!({ "argv": [""] }), "/args/argv/0", "a program"),
        (
            "exec",
            json!({ "argv": ["a"], "stdin": "", "stdin_base64": "" }),
            "/args/stdin_base64",
            "one of them",
        ),
        ("exec", json!({ "argv": ["a"], "stdin_base64": "?" }), "/args/stdin_base64", "base64"),
        ("exec", json!({ "argv": ["a"], "env": { "A=B": "" } }), "/args/env/A=B", "without '='"),
        (
            "exec",
            json!({ "argv": ["a"], "env": { "A": "1" }, "secret_env": { "A": "2" } }),
            "/args/env/A",
            "secret_env too",
        ),
        ("docker.stop", json!({ "container": "../x" }), "/args/container", "its name"),
        ("docker.stop", json!({ "container": "x", "timeout_s": 301 }), "/args/timeout_s", "300"),
        ("docker.pull", json!({ "image": "a b" }), "/args/image", "the reference"),
        ("docker.run", json!({ "image": "a", "ports": ["80"] }), "/args/ports/0", "HOST_PORT:CONTAINER_PORT"),
        ("docker.run", json!({ "image": "a", "volumes": ["a"] }), "/args/volumes/0", "SOURCE:TARGET"),
        ("docker.run", json!({ "image": "a", "restart": "never" }), "/args/restart", "unless-stopped"),
        ("docker.run", json!({ "image": "a", "restart": "always", "remove": true }), "/args/remove", "again"),
        ("docker.logs", json!({ "container": "a", "since": "noon" }), "/args/since", "date-time"),
        ("docker.stats", json!({ "container": "a", "tail": 1 }), "/args/tail", "no such argument"),
    ] {
        let found = faults(verb, None, &args);
        assert!(
            found.iter().any(|(at, detail)| at == pointer && detail.contains(words)),
            "{verb} {args}: {found:?}"
        );
    }
}

#[test]
fn a_name_that_only_looks_like_ours_is_no_verb() {
    for verb in ["docker.build", "Exec", "agent.update"] {
        assert_eq!(faults(verb, Some(&panel_user()), &json!({}))[0].0, "/verb", "{verb}");
    }
}

#[test]
fn a_verb_without_a_schema_takes_what_it_is_given_and_acts() {
    let args = map(&json!({ "anything": [1, 2] }));
    let checked = check("reboot_panel", None, &args).unwrap();
    assert_eq!((checked.redacted, checked.effect), (args, Effect::Acts));
}

#[test]
fn a_site_verb_is_checked_by_its_schema_and_keeps_its_password() {
    let verb = panel_user();
    let args = map(&json!({ "username": "ada", "password": "correct horse" }));
    let checked = check("create_panel_user", Some(&verb), &args).unwrap();
    assert_eq!(Value::Object(checked.redacted), json!({ "username": "ada", "password": "[redacted]" }));
    assert_eq!(checked.secrets, ["correct horse"]);
    assert_eq!((checked.effect, checked.timeout_s), (Effect::Acts, Some(20)));
}

#[test]
fn words_about_a_site_verb_name_the_argument_and_never_its_value() {
    let verb = panel_user();
    let found = faults("v", Some(&verb), &json!({ "username": "Ada!", "password": "hunter2", "quota": 0 }));
    let text = format!("{found:?}");
    for words in
        ["/args/username", "^[a-z]", "/args/password", "at least 8 characters", "/args/quota", "1 or more"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("Ada!"), "{text}");
    let found = faults("v", Some(&verb), &json!({ "password": "long enough", "usernam": "a" }));
    let text = format!("{found:?}");
    assert!(text.contains("is required: Who.") && text.contains("did you mean 'username'?"), "{text}");
}

#[test]
fn secrets_are_found_wherever_a_schema_can_hide_them() {
    let schema = json!({
        "properties": {
            "list": { "type": "array", "items": { "$ref": "#/$defs/login" } },
            "pair": { "prefixItems": [{ "type": "string" }, { "writeOnly": true }] },
            "either": { "oneOf": [{ "type": "integer" }, { "type": "string", "writeOnly": true }] },
            "whole": { "type": "object", "writeOnly": true },
            "open": { "properties": { "seen": {} }, "additionalProperties": { "writeOnly": true } },
        },
        "patternProperties": { "_key$": { "writeOnly": true } },
        "allOf": [{ "if": { "required": ["pin"] }, "then": { "properties": { "pin": { "writeOnly": true } } } }],
        "$defs": { "login": { "properties": { "name": {}, "secret": { "$ref": "#/$defs/hidden" } } },
                   "hidden": { "writeOnly": true } },
    });
    // `either` and what no pattern was meant for are hidden too: each part that may apply counts.
    let args = map(&json!({
        "list": [{ "name": "a", "secret": "s1" }, { "name": "b", "secret": { "deep": ["s2", 42, true] } }],
        "pair": ["shown", "s3"],
    }));
    let mut without = schema.clone();
    without.as_object_mut().unwrap().remove("patternProperties");
    let (redacted, secrets) = redact(&args, &without);
    assert_eq!(
        Value::Object(redacted),
        json!({ "list": [{ "name": "a", "secret": REDACTED }, { "name": "b", "secret": REDACTED }],
                "pair": ["shown", REDACTED] })
    );
    assert_eq!(secrets, ["42", "s1", "s2", "s3"]);
    let args = map(&json!({ "either": "s4", "whole": { "a": "s5" }, "open": { "seen": "x", "other": "s6" },
                           "pin": 1234, "api_key": "long secret" }));
    let (redacted, secrets) = redact(&args, &schema);
    assert_eq!(secrets, ["long secret", "1234", "s4", "s5", "s6", "x"], "{redacted:?}");
    let (redacted, _) = redact(&map(&json!({ "a": 1 })), &json!({ "writeOnly": true }));
    assert_eq!(Value::Object(redacted), json!({ "a": REDACTED }));
}

#[test]
fn a_schema_that_would_be_fetched_or_never_end_is_refused() {
    let doubled: Map<String, Value> = (0..30)
        .map(|n| {
            let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
            (format!("d{n}"), json!({ "allOf": [next, next] }))
        })
        .chain([("d30".to_owned(), json!({}))])
        .collect();
    let patterns: Map<String, Value> =
        (0..20).map(|n| (format!("p{n}"), json!({ "type": "string", "pattern": "a" }))).collect();
    for (schema, words) in [
        (json!({ "$ref": "https://example.com/s.json" }), "only \"#/...\""),
        (json!({ "properties": { "a": { "$ref": "file:///etc/passwd" } } }), "only \"#/...\""),
        (json!({ "$ref": "#/$defs/missing" }), "is not in it"),
        (json!({ "$defs": { "a": { "items": { "$ref": "#/$defs/a" } } } }), "leads back"),
        (json!({ "$dynamicRef": "#a" }), "'$dynamicRef' is not taken"),
        (json!({ "properties": { "a": { "$id": "https://a/b" } } }), "at its beginning"),
        (json!({ "$schema": "http://json-schema.org/draft-04/schema#" }), "2020-12"),
        (json!({ "description": "x".repeat(MAX_SCHEMA_BYTES) }), "at most 16384"),
        (json!({ "$defs": doubled, "$ref": "#/$defs/d0" }), "more than 1000 parts"),
        (json!({ "properties": patterns }), "more than 16 patterns"),
        (json!({ "type": "strng" }), "/type"),
        (json!({ "pattern": "(a" }), "pattern"),
        (json!({ "pattern": "(?=a)b" }), "pattern"),
        (json!({ "pattern": "\\pL{9000}" }), "pattern"),
        (json!([]), "not an object"),
    ] {
        let why = check_schema(&schema).unwrap_err();
        assert!(why.contains(words), "{why}");
        assert_eq!(faults("v", Some(&site(schema)), &json!({}))[0].0, "/verb");
    }
    check_schema(&json!(true)).unwrap();
    check_schema(&panel_user().schema).unwrap();
}

#[test]
fn a_schema_that_leads_back_to_itself_hides_all() {
    let args = map(&json!({ "a": "shown to nobody" }));
    let (redacted, secrets) = redact(&args, &json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }));
    assert_eq!(
        (Value::Object(redacted), secrets),
        (json!({ "a": REDACTED }), vec!["shown to nobody".into()])
    );
}

/// A schema with marks at random, and where its marks are in the arguments that fit it.
fn schemas() -> impl Strategy<Value = (Value, Value)> {
    let leaf = any::<bool>().prop_map(|is_secret| {
        let text = if is_secret { "hidden" } else { "shown" };
        (
            if is_secret {
                json!({ "type": "string", "writeOnly": true })
            } else {
                json!({ "type": "string" })
            },
            json!(text),
        )
    });
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|parts| {
                let name = |place: usize| format!("p{place}");
                let of = |pick: fn(&(Value, Value)) -> Value| {
                    let named = parts.iter().enumerate().map(|(place, part)| (name(place), pick(part)));
                    Value::Object(named.collect())
                };
                (
                    json!({ "type": "object", "properties": of(|part| part.0.clone()) }),
                    of(|part| part.1.clone()),
                )
            }),
            several.prop_map(|parts| {
                let (schemas, values): (Vec<Value>, Vec<Value>) = parts.into_iter().unzip();
                (json!({ "type": "array", "prefixItems": schemas }), json!(values))
            }),
            inner
                .clone()
                .prop_map(|(schema, value)| (json!({ "items": schema }), json!([value.clone(), value]))),
            inner.clone().prop_map(|(schema, value)| (json!({ "allOf": [{}, schema] }), value)),
            inner.clone().prop_map(|(schema, value)| (json!({ "if": {}, "then": schema }), value)),
            inner.clone().prop_map(|(schema, value)| (
                json!({ "additionalProperties": schema }),
                json!({ "x": value })
            )),
            inner.prop_map(|(schema, value)| (json!({ "oneOf": [schema, { "type": "null" }] }), value)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_marked_is_hidden_and_what_is_not_is_shown((schema, value) in schemas()) {
        let schema = json!({ "properties": { "root": { "$ref": "#/$defs/root" } }, "$defs": { "root": schema } });
        let args = map(&json!({ "root": value }));
        prop_assert_eq!(check_schema(&schema), Ok(()));
        let checked = check("v", Some(&site(schema)), &args).unwrap();
        let text = Value::Object(checked.redacted).to_string();
        let before = value.to_string();
        prop_assert!(!text.contains("hidden"), "{}", text);
        prop_assert_eq!(text.matches("shown").count(), before.matches("shown").count());
        prop_assert_eq!(text.matches(REDACTED).count(), before.matches("hidden").count());
        let secrets: Vec<String> = before.contains("hidden").then(|| "hidden".into()).into_iter().collect();
        prop_assert_eq!(checked.secrets, secrets);
    }
}
