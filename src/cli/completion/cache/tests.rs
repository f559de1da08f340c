use std::{fs, os::unix::fs::PermissionsExt, time::SystemTime};

use super::*;

fn cache(folder: &tempfile::TempDir) -> Cache {
    Cache { path: folder.path().join("names").join("of-a-server").join("agents") }
}

#[test]
fn what_is_kept_comes_back_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(&folder);
    assert_eq!(cache.fresh(), None);
    let names = [Name::new("web-1"), Name::about("db-1", "online\tin eu")];
    cache.keep(&names);
    assert_eq!(cache.fresh().unwrap(), [Name::new("web-1"), Name::about("db-1", "online in eu")]);
    let mode = fs::metadata(&cache.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(cache.path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn what_is_old_is_stale_and_not_fresh() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(&folder);
    cache.keep(&[Name::new("web-1")]);
    let file = fs::File::options().write(true).open(&cache.path).unwrap();
    file.set_modified(SystemTime::now() - FRESH).unwrap();
    assert_eq!(cache.fresh(), None);
    assert_eq!(cache.stale().unwrap(), [Name::new("web-1")]);
}
