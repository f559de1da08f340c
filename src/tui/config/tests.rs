use std::fs;

use super::Settings;
use crate::tui::{keymap::Act, theme::ThemeName};

fn read(text: &str) -> Result<super::Configured, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, text).expect("it is written");
    Settings::new(Some(path), None, false).read()
}

#[test]
fn keys_and_theme_are_read_and_the_rest_of_the_file_is_nobodys_business_here() {
    let read = read("[alias]\ndown = 'x'\n[dashboard]\ntheme = 'colour-blind'\n[dashboard.keys]\nrestart = 'ctrl-r'\nstop = ['X']\n")
        .expect("it is right");
    assert_eq!(read.theme, ThemeName::ColourBlind);
    assert_eq!(read.keymap.hint(Act::Restart).as_deref(), Some("ctrl-r"));
    assert_eq!(read.keymap.hint(Act::StopContainer).as_deref(), Some("X"));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let error = read("[dashboard]\ntheme = 'drak'\n").expect_err("there is no such theme");
    assert!(error.contains("line 2") && error.contains("colour-blind"), "{error}");
    let error = read("[dashboard]\nthem = 'dark'\n").expect_err("there is no such key");
    assert!(error.contains("them") && error.contains("theme"), "{error}");
}

#[test]
fn without_a_file_everything_is_as_it_always_is() {
    assert!(Settings::new(Some("/nowhere/config.toml".into()), None, false).read().is_ok());
}

#[tokio::test]
async fn a_file_that_is_replaced_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    let mut watch = Settings::new(Some(path.clone()), None, false).watch().expect("the folder is watched");
    fs::write(folder.path().join("other"), "").expect("it is written");
    fs::write(folder.path().join("new"), "[dashboard]").expect("it is written");
    fs::rename(folder.path().join("new"), &path).expect("it takes its place");
    watch.changed().await.expect("it is noticed");
}
