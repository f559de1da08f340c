use super::*;

#[test]
fn what_was_moved_is_moved_back_when_another_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let (data, into) = (folder.path().join("data"), folder.path().join("into"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&into).unwrap();
    let [first, missing, last] = ["first", "missing", "last"].map(|name| data.join(name));
    fs::write(&first, "1").unwrap();
    fs::write(&last, "3").unwrap();
    // The first lay in the other folder then, and the server had lost it.
    let moved = move_all(&[&first, &missing, &last], &into);
    assert!(matches!(moved, Err(RestoreError::File { path, .. }) if path == missing));
    assert_eq!(
        (fs::read_to_string(&first).unwrap(), fs::read_to_string(&last).unwrap()),
        ("1".into(), "3".into())
    );
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
    fs::write(&missing, "2").unwrap();
    move_all(&[&first, &missing, &last], &into).unwrap();
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}
