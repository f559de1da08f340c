use super::*;

fn resolve(listen: Option<&str>, variables: &[(&str, &str)]) -> Result<ServerConfig, SettingError> {
    ServerConfig::resolve(listen, "/data".into(), |name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn flags_win_over_the_environment_and_that_over_defaults() {
    assert_eq!(resolve(None, &[]).unwrap().listen.to_string(), DEFAULT_LISTEN);
    let set = [("WORPEN_LISTEN", "127.0.0.1:1")];
    assert_eq!(resolve(None, &set).unwrap().listen.port(), 1);
    assert_eq!(resolve(Some("127.0.0.1:2"), &set).unwrap().listen.port(), 2);
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let error = resolve(None, &[("COMMAND_TIMEOUT", "soon")]).unwrap_err();
    assert_eq!(error.to_string(), "COMMAND_TIMEOUT: 'soon' cannot be used; expected 1 to 86400 seconds");
    let error = resolve(Some("localhost"), &[]).unwrap_err();
    assert!(error.to_string().starts_with("--listen: 'localhost'"), "{error}");
}

#[test]
fn a_short_or_placeholder_secret_stops_the_start_and_is_not_shown() {
    for bad in ["short", "your-super-secret-jwt-key-here-your-super-secret"] {
        let error = resolve(None, &[("JWT_SECRET", bad)]).unwrap_err();
        assert!(
            error.to_string().starts_with("JWT_SECRET: '***'") && !error.to_string().contains(bad),
            "{error}"
        );
    }
    let long = "0123456789abcdef0123456789abcdef";
    assert!(resolve(None, &[("JWT_SECRET", long)]).unwrap().jwt_secret.is_some());
}
