use super::*;

/// Layers of a file's text, variables and flags.
fn resolve(text: &str, variables: &[(&str, &str)], listen: Option<&str>) -> Result<Resolved, SettingsError> {
    let file = (!text.is_empty()).then(|| File { path: "worpen.toml".into(), text: text.to_owned() });
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let flags = Flags { listen: listen.map(str::to_owned), data: None };
    Layers { part: "server", file, variable, flags }.resolve()
}

/// Each problem in words.
fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match resolve(text, variables, None) {
        Err(SettingsError::Wrong(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
        Ok(_) => Vec::new(),
    }
}

/// A key's value and where it came from.
fn entry(resolved: &Resolved, path: &str) -> (String, String) {
    let entry = resolved.entries.iter().find(|entry| entry.key.path() == path).unwrap();
    (entry.value.as_ref().map(ToString::to_string).unwrap_or_default(), entry.origin.to_string())
}

#[test]
fn each_layer_wins_over_the_one_below_and_a_value_keeps_where_it_came_from() {
    let port = |text: &str, variables: &[(&str, &str)], listen| {
        entry(&resolve(text, variables, listen).unwrap(), "server.port")
    };
    let text = "# first\n[server]\nport = 1\n";
    let documents = ("BACKEND_AGENT_PORT", "2");
    let listen = ("WORPEN_LISTEN", "127.0.0.1:3");
    let own = ("WORPEN_SERVER_PORT", "4");
    assert_eq!(port("", &[], None), ("3000".into(), "default".into()));
    assert_eq!(port(text, &[], None), ("1".into(), "worpen.toml:3".into()));
    assert_eq!(port(text, &[documents], None), ("2".into(), "BACKEND_AGENT_PORT".into()));
    assert_eq!(port(text, &[documents, listen], None), ("3".into(), "WORPEN_LISTEN".into()));
    assert_eq!(port(text, &[documents, listen, own], None), ("4".into(), "WORPEN_SERVER_PORT".into()));
    assert_eq!(port(text, &[own], Some("[::1]:5")), ("5".into(), "--listen".into()));
}

#[test]
fn every_key_has_a_variable_of_its_own() {
    for key in KEYS.iter().filter(|key| key.standing == Standing::Used && !key.default.is_empty()) {
        let resolved = resolve("", &[(&key.variable(), key.default)], None).unwrap();
        assert_eq!(entry(&resolved, &key.path()).1, key.variable());
    }
}

#[test]
fn an_empty_variable_says_nothing() {
    let resolved = resolve("", &[("COMMAND_TIMEOUT", "")], None).unwrap();
    assert_eq!(entry(&resolved, "command.command_timeout"), ("60".into(), "default".into()));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "[server]\nprot = 1\nport = 70000\n\n[agents]\nx = 1\n\n[xyz]\n\n[logging]\nlevel = true\n";
    let variables = [("COMMAND_TIMEOUT", "soon"), ("WORPEN_LISTEN", "localhost")];
    assert_eq!(
        problems(text, &variables),
        [
            "worpen.toml:2: server.prot: is not known; did you mean 'port'?",
            "worpen.toml:3: server.port: found 70000, expected a whole number from 0 to 65535",
            "worpen.toml:5: agents: is not known; did you mean 'agent_management'?",
            "worpen.toml:8: xyz: is not known; known here: server, database, backup, redis, security, \
             agent_management, audit, command, telemetry, logging",
            "worpen.toml:11: logging.level: found a boolean, expected one of off, error, \
             warn, info, debug, trace, or directives like worpen=debug,info",
            "WORPEN_LISTEN: server.bind_address and server.port: found 'localhost', expected an address and a \
             port, like 127.0.0.1:3000",
            "COMMAND_TIMEOUT: command.command_timeout: found 'soon', expected 1 to 86400 seconds",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_even_where_a_higher_layer_is_right() {
    let wrong = problems("[server]\nport = \"3000\"\n", &[("WORPEN_SERVER_PORT", "1")]);
    assert_eq!(
        wrong,
        ["worpen.toml:2: server.port: found the string \"3000\", expected a whole number from 0 to 65535"]
    );
}

#[test]
fn what_has_another_shape_is_told_as_what_it_is() {
    let text = "redis = 5\n[[logging]]\n[command.more]\n[telemetry]\ncollection_interval = 1.5\n\
                retention_days = 99999999999999999999\n";
    let wrong = problems(text, &[]);
    let found = [
        "found 5, ",
        "found an array, ",
        "is not known; ",
        "found a float, ",
        "found 99999999999999999999, ",
    ];
    assert_eq!(wrong.len(), found.len(), "{wrong:?}");
    assert!(wrong.iter().zip(found).all(|(problem, words)| problem.contains(words)), "{wrong:?}");
}

#[test]
fn broken_toml_names_its_lines_and_repeats_nothing_of_them() {
    let wrong = problems("[security]\njwt_secret = \"hunter2\n[server]\nport = = 1\n", &[]);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("worpen.toml:2: syntax: "), "{wrong:?}");
    assert!(wrong[1].starts_with("worpen.toml:4: syntax: "), "{wrong:?}");
    assert!(!wrong.concat().contains("hunter2"), "{wrong:?}");
}

#[test]
fn no_secret_is_shown() {
    let secret = "0123456789abcdef0123456789abcdef";
    let resolved = resolve("", &[("JWT_SECRET", secret)], None).unwrap();
    assert_eq!(entry(&resolved, "security.jwt_secret"), ("\"***\"".into(), "JWT_SECRET".into()));
    assert!(!format!("{resolved:?}").contains(secret));
    let resolved = resolve("", &[("REDIS_URL", "redis://:hunter2@localhost")], None).unwrap();
    assert_eq!(entry(&resolved, "redis.url").0, "\"***\"");
    assert!(!format!("{resolved:?}").contains("hunter2"));
    let url = "postgresql://worpen:hunter2@localhost/worpen";
    let wrong = problems("", &[("DATABASE_URL", url), ("JWT_SECRET", "change-me-in-production")]).join("\n");
    assert!(!wrong.contains("hunter2") && !wrong.contains("change-me"), "{wrong}");
}

#[test]
fn the_documents_own_sample_is_refused_for_what_is_unsafe_or_not_there() {
    let text = "[server]\nbind_address = \"0.0.0.0\"\ncors_origins = [\"*\"]\n\
                [database]\nurl = \"postgresql://viworks:viworks@localhost/viworks\"\n\
                [security]\njwt_secret = \"change-me-in-production\"\nallowed_origins = [\"*\"]\n\
                backend_certificate_path = \"/etc/viworks/backend.crt\"\n";
    let lines: Vec<_> = problems(text, &[])
        .iter()
        .map(|line| line.split(": ").nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "server.cors_origins",
            "database.url",
            "security.jwt_secret",
            "security.allowed_origins",
            "security.backend_certificate_path",
        ]
    );
}

#[test]
fn a_named_file_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worpen.toml");
    let variable = |name: &str| (name == FILE_VARIABLE).then(|| path.to_str().unwrap().to_owned());
    assert!(matches!(File::find(None, variable, true), Err(SettingsError::Unreadable { .. })));
    fs::write(&path, "[server]\n").unwrap();
    assert!(File::find(None, variable, false).unwrap().is_some_and(|file| file.path == path));
    assert!(File::find(None, |_| None, false).unwrap().is_none(), "nothing is read unasked");
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worpen.toml");
    fs::write(&path, "[security]\njwt_secret = \"0123456789abcdef0123456789abcdef\"\n").unwrap();
    for (mode, warned) in [(0o600, 0), (0o644, 1)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let file = File::find(Some(path.clone()), |_| None, false).unwrap();
        let layers = Layers { part: "server", file, variable: |_: &str| None, flags: Flags::default() };
        let warnings = layers.resolve().unwrap().warnings;
        assert_eq!(warnings.len(), warned, "mode {mode:o}: {warnings:?}");
    }
}

#[test]
fn a_misspelt_variable_is_noticed_and_others_are_left_alone() {
    let names = ["WORPEN_SERVER_PROT", "WORPEN_SERVER_PORT", "WORPEN_SERVER", "WORPEN_TOKEN", "PATH"];
    let stray: Vec<_> = unknown_variables(names.map(str::to_owned)).iter().map(ToString::to_string).collect();
    assert_eq!(stray, ["environment: WORPEN_SERVER_PROT: is not known; did you mean 'WORPEN_SERVER_PORT'?"]);
}
