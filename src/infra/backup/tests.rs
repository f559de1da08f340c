use super::*;

#[test]
fn copies_that_somebody_is_at_stay_and_those_that_were_left_go() {
    let data = tempfile::tempdir().unwrap();
    // The first process lives wherever this runs; who made a copy may be in another container, and of any number.
    let left = data.path().join(format!("{COPIES}1-1"));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("worpen.db"), "x").unwrap();
    let others = Folder::make(data.path().join(format!("{COPIES}4194304999-1"))).unwrap();
    fs::write(others.path.join("worpen.db"), "x").unwrap();
    remove_left_copies(data.path());
    assert!(!left.exists(), "its process is another one by now");
    assert!(others.path.join("worpen.db").exists(), "it was taken from under its maker");
    let path = others.path.clone();
    drop(others);
    assert!(!path.exists());
}
