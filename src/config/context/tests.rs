use super::*;

const TWO: &str = r#"
current = "home"
[contexts.home]
server = "http://127.0.0.1:8080"
key = "wpk_home"
[contexts.work]
server = "https://worpen.example.com"
key = "wpk_work"
"#;

fn contexts(text: &str) -> Contexts {
    let path = PathBuf::from("contexts.toml");
    Contexts { book: parse(&path, text).unwrap(), path, warning: None }
}

fn flags(server: Option<&str>, context: Option<&str>) -> Flags {
    Flags { server: server.map(str::to_owned), context: context.map(str::to_owned) }
}

fn resolved(flags: &Flags, environment: &Environment) -> (String, Option<String>) {
    let target = contexts(TWO).resolve(flags, environment).unwrap();
    (target.server, target.token.map(|token| token.expose().to_owned()))
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_current_context() {
    let quiet = Environment::default();
    let loud = Environment {
        server: Some("http://other:1".to_owned()),
        token: Some(Secret::new("wpk_given")),
        ..Environment::default()
    };
    let nothing = Flags::default();
    assert_eq!(resolved(&nothing, &quiet), ("http://127.0.0.1:8080".into(), Some("wpk_home".into())));
    assert_eq!(resolved(&nothing, &loud), ("http://other:1".into(), Some("wpk_given".into())));
    let work = flags(None, Some("work"));
    assert_eq!(resolved(&work, &loud), ("https://worpen.example.com".into(), Some("wpk_work".into())));
}

#[test]
fn a_key_goes_to_no_other_server_than_its_own() {
    let quiet = Environment::default();
    assert_eq!(resolved(&flags(Some("http://evil:1"), None), &quiet), ("http://evil:1".into(), None));
    assert_eq!(
        resolved(&flags(Some("https://worpen.example.com/"), None), &quiet).1,
        Some("wpk_work".into()),
        "the key of the context whose server it is"
    );
    assert_eq!(
        resolved(&flags(Some("http://127.0.0.1:9"), Some("work")), &quiet).1,
        Some("wpk_work".into()),
        "both were named together"
    );
}

#[test]
fn an_error_names_file_line_key_and_what_was_expected() {
    let error = |text| parse(Path::new("contexts.toml"), text).unwrap_err().to_string();
    insta::assert_snapshot!(
        error("[contexts.home]\nserver = 5\n"),
        @"contexts.toml:2: contexts.home.server: invalid type: integer `5`, expected a string"
    );
    insta::assert_snapshot!(
        error("[contexts.home]\nserver = \"http://a\"\nkye = \"wpk_secret\"\n"),
        @"contexts.toml:3: contexts.home.kye: unknown field `kye`, expected one of `server`, `key`, `token_file`, `authority`"
    );
    insta::assert_snapshot!(error("[contexts.home\n"), @"contexts.toml:1: syntax: unclosed table, expected `]`");
}

#[test]
fn an_unknown_context_is_answered_with_the_known_ones() {
    let error = contexts(TWO).resolve(&flags(None, Some("wrok")), &Environment::default()).unwrap_err();
    insta::assert_snapshot!(error, @"there is no context 'wrok'; known are home, work");
}

#[cfg(unix)]
#[test]
fn a_saved_file_is_its_owners_alone_and_a_loose_one_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let environment = Environment { directory: Some(home.path().join("worpen")), ..Environment::default() };
    let mut contexts = Contexts::load(&environment).unwrap();
    let context = Context {
        server: "http://a:1".to_owned(),
        key: Some(Secret::new("wpk_a")),
        token_file: None,
        authority: None,
    };
    contexts.save_context("a", context, true).unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = contexts.path().to_owned();
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");

    let again = Contexts::load(&environment).unwrap();
    assert_eq!((again.current(), again.warning()), (Some("a"), None));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let warning = Contexts::load(&environment).unwrap().warning().unwrap().to_owned();
    assert!(warning.contains("chmod 600"), "{warning}");
}
