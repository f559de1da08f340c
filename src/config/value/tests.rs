use super::*;

fn text(text: &str) -> Raw {
    Raw::Untyped(text.to_owned())
}

#[test]
fn numbers_keep_their_range_and_the_file_its_types() {
    assert_eq!(Seconds::read(&text(" 86400 ")).map(Seconds::get), Ok(86_400));
    for wrong in [text("0"), text("86401"), text("soon"), text("-1"), Raw::Integer(-1), Raw::Integer(1 << 40)]
    {
        assert_eq!(Seconds::read(&wrong), Err("1 to 86400 seconds".to_owned()), "{wrong}");
    }
    assert!(Whole::<0, 65_535>::read(&Raw::String("3000".into())).is_err(), "a string is no number");
    assert!(Whole::<0, 65_535>::read(&Raw::Integer(0)).is_ok());
}

#[test]
fn an_origin_that_lets_everybody_in_is_refused() {
    for wrong in ["*", "https://*.example.com", "console.example.com", "https://a.example.com, *", "https://"]
    {
        assert!(Origins::read(&text(wrong)).is_err(), "{wrong}");
        assert!(Origins::read(&Raw::Strings(vec![wrong.to_owned()])).is_err(), "{wrong}");
    }
    assert!(Origins::read(&text("https://a.example.com, http://localhost:8080")).is_ok());
}

#[test]
fn only_the_sqlite_file_is_a_database() {
    assert!(DatabaseUrl::read(&text("sqlite:worpen.db")).is_ok());
    let error = DatabaseUrl::read(&text("postgresql://worpen:worpen@localhost/worpen")).unwrap_err();
    assert!(error.contains("PostgreSQL is not in this version"), "{error}");
    assert!(DatabaseUrl::read(&text("sqlite:/elsewhere/worpen.db")).unwrap_err().contains("server.data"));
}

#[test]
fn a_misspelt_level_is_no_directive() {
    for right in ["info", "DEBUG", "worpen=debug,info", "worpen::agent=trace"] {
        assert!(LogFilter::read(&text(right)).is_ok(), "{right}");
    }
    for wrong in ["inof", "worpen=lots", ""] {
        assert!(LogFilter::read(&text(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_misspelt_stream_is_no_file() {
    assert_eq!(LogOutput::read(&text("stdout")), Ok(LogOutput::Stdout));
    assert_eq!(LogOutput::read(&text("./a.log")), Ok(LogOutput::File("./a.log".into())));
    assert!(LogOutput::read(&text("stdot")).is_err());
}
