use super::*;

fn resolve(listen: Option<&str>, variables: &[(&str, &str)]) -> Result<ServerConfig, SettingsError> {
    ServerConfig::resolve(listen, "/data".into(), |name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_set_is_a_loopback_server_with_a_secret_of_its_own() {
    let config = resolve(None, &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.data, PathBuf::from("/data"));
    assert_eq!(config.jwt_secret, None);
    assert_eq!((config.token_life.as_secs(), config.command_timeout_s), (3600, 60));
}

#[test]
fn flags_win_over_the_environment_and_that_over_defaults() {
    let set = [("WORPEN_LISTEN", "127.0.0.1:1")];
    assert_eq!(resolve(None, &set).unwrap().listen.port(), 1);
    assert_eq!(resolve(Some("[::1]:2"), &set).unwrap().listen.to_string(), "[::1]:2");
}

#[test]
fn a_short_or_placeholder_secret_stops_the_start_and_is_not_shown() {
    for bad in ["short", "your-super-secret-jwt-key-here-your-super-secret", &"0".repeat(40)] {
        let error = resolve(None, &[("JWT_SECRET", bad)]).unwrap_err().to_string();
        assert!(
            error.starts_with("JWT_SECRET: security.jwt_secret: found ***") && !error.contains(bad),
            "{error}"
        );
    }
    let long = "0123456789abcdef0123456789abcdef";
    assert!(resolve(None, &[("JWT_SECRET", long)]).unwrap().jwt_secret.is_some());
}
