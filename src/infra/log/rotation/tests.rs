use super::*;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|_| "none".to_owned())
}

#[test]
fn no_file_outgrows_its_size_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let mut file = RotatingFile::open(&path, 10, 3).unwrap();
    for line in ["one 1\n", "two 2\n", "three 3\n", "four\n", "five\n", "six\n"] {
        file.write_all(line.as_bytes()).unwrap();
    }
    assert_eq!(read(&path), "six\n");
    assert_eq!(read(&folder.path().join("server.log.1")), "four\nfive\n");
    assert_eq!(read(&folder.path().join("server.log.2")), "three 3\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn what_an_earlier_run_wrote_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    RotatingFile::open(&path, 10, 2).unwrap().write_all(b"earlier\n").unwrap();
    let mut file = RotatingFile::open(&path, 10, 2).unwrap();
    file.write_all(b"1\n").unwrap();
    assert_eq!(read(&path), "earlier\n1\n");
    file.write_all(b"2\n").unwrap();
    assert_eq!(
        (read(&path), read(&folder.path().join("server.log.1"))),
        ("2\n".into(), "earlier\n1\n".into())
    );
}

#[test]
fn a_single_file_starts_over_and_a_long_line_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let mut file = RotatingFile::open(&path, 4, 1).unwrap();
    file.write_all(b"12\n").unwrap();
    file.write_all(b"much longer than the size\n").unwrap();
    assert_eq!(read(&path), "much longer than the size\n");
    file.write_all(b"3\n").unwrap();
    assert_eq!(read(&path), "3\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_second_writer_is_refused_also_after_the_file_was_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    let mut file = RotatingFile::open(&path, 4, 2).unwrap();
    for line in ["one\n", "two\n"] {
        file.write_all(line.as_bytes()).unwrap();
        let refused = RotatingFile::open(&path, 4, 2).unwrap_err();
        assert_eq!(refused.to_string(), "another process writes its log there");
    }
    drop(file);
    assert!(RotatingFile::open(&path, 4, 2).is_ok());
}
