use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    id::{AgentId, CommandId, ExecutionId},
    proto::{envelope::CommandOrder, verb::Effect},
};

const MANIFEST: &str = r#"
about = "creates a user"
program = "create.sh"
timeout_s = 20

[schema]
type = "object"
required = ["username"]
additionalProperties = false

[schema.properties.username]
type = "string"

[schema.properties.password]
type = "string"
writeOnly = true
"#;

fn put(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder with one verb, `create`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("create.toml"), MANIFEST, 0o644);
    put(&folder.path().join("create.sh"), "#!/bin/sh\n", 0o755);
    folder
}

fn order(args: Value) -> CommandOrder {
    CommandOrder {
        agent: AgentId::generate(),
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "create".into(),
        args,
        not_before: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::MAX,
        timeout_s: 60,
        epoch: 1,
        sequence: 1,
        actor: "user:ada".into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 0,
    }
}

#[test]
fn a_verb_is_announced_with_its_schema() {
    let folder = folder();
    let verbs = Verbs::read(folder.path());
    let announced = verbs.announced();
    assert_eq!((announced[0].name.as_str(), announced[0].timeout_s), ("create", Some(20)));
    assert_eq!(announced[0].schema["properties"]["password"]["writeOnly"], true);
    assert!(verbs.capabilities(false).contains(&"create".to_owned()));
}

#[test]
fn its_arguments_go_to_standard_input_and_nowhere_else() {
    let folder = folder();
    let verbs = Verbs::read(folder.path());
    let order = order(json!({ "username": "ada", "password": "correct horse" }));
    let task = verbs.get("create").unwrap().task(&order).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&task.stdin).unwrap(), order.args);
    assert!(!format!("{:?}{:?}", task.program, task.env).contains("correct horse"));
    assert_eq!(task.env["WORPEN_EXECUTION"], order.execution.to_string());
    assert_eq!((task.env["WORPEN_ACTOR"].as_str(), task.effect), ("user:ada", Effect::Acts));
    assert_eq!(task.secrets, ["correct horse"]);
    assert_eq!(Path::new(&task.folder), folder.path().canonicalize().unwrap());
}

#[test]
fn a_secret_is_known_as_json_writes_it_too() {
    let folder = folder();
    let verbs = Verbs::read(folder.path());
    let order = order(json!({ "username": "ada", "password": "a\"b\\c" }));
    let task = verbs.get("create").unwrap().task(&order).unwrap();
    assert_eq!(task.secrets, ["a\\\"b\\\\c", "a\"b\\c"]);
}

#[test]
fn the_example_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let program = include_str!("../../../config/verbs/create_panel_user.sh");
    let manifest = include_str!("../../../config/verbs/create_panel_user.toml");
    put(&folder.path().join("create_panel_user.sh"), program, 0o755);
    put(&folder.path().join("create_panel_user.toml"), manifest, 0o644);
    assert!(Verbs::read(folder.path()).get("create_panel_user").is_some());
}

#[test]
fn arguments_that_its_schema_does_not_take_are_refused_on_the_node_too() {
    let folder = folder();
    let verbs = Verbs::read(folder.path());
    let why = verbs.get("create").unwrap().task(&order(json!({ "user": "ada" }))).unwrap_err();
    assert!(why.contains("/args/username: is required"), "{why}");
}

#[test]
fn what_others_could_have_written_is_left_out() {
    type Spoil = fn(&Path);
    let spoils: [(&str, Spoil); 9] = [
        ("a manifest of others", |at| put(&at.join("create.toml"), MANIFEST, 0o666)),
        ("a program of others", |at| put(&at.join("create.sh"), "", 0o775)),
        ("a folder of others", |at| fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap()),
        ("a program that cannot run", |at| put(&at.join("create.sh"), "", 0o644)),
        ("no program", |at| fs::remove_file(at.join("create.sh")).unwrap()),
        ("a way out", |at| {
            fs::remove_file(at.join("create.sh")).unwrap();
            symlink("/bin/sh", at.join("create.sh")).unwrap();
        }),
        ("a name of ours", |at| fs::rename(at.join("create.toml"), at.join("docker.create.toml")).unwrap()),
        ("no name of a verb", |at| fs::rename(at.join("create.toml"), at.join("Create.toml")).unwrap()),
        ("no schema", |at| put(&at.join("create.toml"), "program = \"create.sh\"", 0o644)),
    ];
    for (what, spoil) in spoils {
        let folder = folder();
        spoil(folder.path());
        assert_eq!(Verbs::read(folder.path()), Verbs::default(), "{what}");
    }
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_cure() {
    let folder = folder();
    let path = folder.path().join("create.toml");
    for (manifest, words) in [
        ("program = \"../x\"\nschema = {}", "without '..'"),
        ("program = \"/bin/sh\"\nschema = {}", "within the folder"),
        ("program = \"create.sh\"\nschema = {}\nshell = true", "unknown field"),
        ("program = \"create.sh\"\nschema = { type = \"strin\" }", "its schema cannot be used"),
        ("program = \"create.sh\"\nschema = {}\ntimeout_s = 0", "1 to 86400"),
        ("program = \"create.sh\"\nschema_file = \"create.sh\"", "is no JSON"),
    ] {
        put(&path, manifest, 0o644);
        let why = manifest::read(folder.path(), &path).unwrap_err();
        assert!(why.contains(words), "{why}");
    }
    put(&folder.path().join("s.json"), "{\"type\":\"object\"}", 0o644);
    put(&path, "program = \"create.sh\"\nschema_file = \"s.json\"", 0o644);
    assert_eq!(manifest::read(folder.path(), &path).unwrap().about.schema, json!({ "type": "object" }));
}

#[tokio::test]
async fn a_change_of_the_folder_is_noticed_once_it_settled() {
    let folder = folder();
    let watched = Folder::open(folder.path().to_owned());
    let mut verbs = watched.verbs();
    let following = tokio::spawn(watched.follow());
    put(&folder.path().join("other.toml"), MANIFEST, 0o644);
    verbs.wait_for(|verbs| verbs.get("other").is_some()).await.unwrap();
    fs::remove_file(folder.path().join("create.toml")).unwrap();
    verbs.wait_for(|verbs| verbs.get("create").is_none()).await.unwrap();
    following.abort();
}

#[test]
fn the_last_line_is_the_result_if_it_is_an_object() {
    let result = |pieces: &[&str], secrets: &[&str]| {
        let mut last = LastLine::default();
        pieces.iter().for_each(|piece| last.push(piece.as_bytes()));
        last.result(&secrets.iter().map(|secret| (*secret).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(result(&["working\n{\"id\"", ":7}", "\n\n"], &[]), Some(json!({ "id": 7 })));
    assert_eq!(result(&["{\"id\":7}\ndone\n"], &[]), None);
    assert_eq!(result(&["[1]\n"], &[]), None);
    assert_eq!(result(&[], &[]), None);
    let long = "x".repeat(MAX_RESULT);
    assert_eq!(result(&["{\"a\":\"", &long, "\"}"], &[]), None);
    assert_eq!(result(&[&long, "\n{\"a\":1}"], &[]), Some(json!({ "a": 1 })));
    assert_eq!(
        result(&["{\"a\":\"is hunter2!\",\"pin\":[12,\"12\"],\"hunter2\":\"121\"}"], &["hunter2", "12"]),
        Some(json!({ "a": "is [redacted]!", "pin": ["[redacted]", "[redacted]"], "[redacted]": "121" }))
    );
}

const MAX_RESULT: usize = 64 * 1024;
