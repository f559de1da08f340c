use super::*;

fn read(text: &str) -> Result<ClientFile, String> {
    ClientFile::parse(PathBuf::from("config.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn an_alias_is_a_list_or_is_split_as_a_shell_does() {
    let file = read(
        r#"
        [alias]
        down = "containers stop"
        busy = ["agents", "ls", "--where", "cpu > 80"]
        hot = "agents ls --where 'site == \"eu\"' -o\\ x ''"
        [dashboard]
        theme = "dark"
        "#,
    )
    .unwrap();
    assert_eq!(file.alias("down").unwrap(), ["containers", "stop"]);
    assert_eq!(file.alias("busy").unwrap(), ["agents", "ls", "--where", "cpu > 80"]);
    assert_eq!(file.alias("hot").unwrap(), ["agents", "ls", "--where", "site == \"eu\"", "-o x", ""]);
    assert_eq!(file.alias("other"), None);
    assert_eq!(file.dashboard()["theme"].as_str(), Some("dark"));
}

#[test]
fn what_cannot_be_meant_is_told_by_line_and_key() {
    for (text, told) in [
        ("[alias]\ndown = \"containers 'stop\"", "config.toml:2: alias.down: a quote ' is not closed"),
        ("[alias]\n\ndown = \"  \"", "config.toml:3: alias.down: an alias stands for at least one word"),
        ("[alias]\ndown = []", "config.toml:2: alias.down: an alias stands for at least one word"),
    ] {
        assert_eq!(read(text).unwrap_err(), told);
    }
    let told = read("[alias]\ndown = 3\n").unwrap_err();
    assert!(told.starts_with("config.toml:2: alias.down: expected a text, or a list of texts"), "{told}");
    let told = read("[aliases]\ndown = \"x\"\n").unwrap_err();
    assert!(told.starts_with("config.toml:1: aliases: unknown field"), "{told}");
}
