//! What a store must still hold after the power was cut.
//!
//! The store writes to a file system on a loop device. A cut is a copy of the file behind the device while the
//! writer stands still: what the kernel has not yet sent to the device is not in it. The copy is mounted, which
//! replays the file system's journal, and compared with what was acknowledged. A device that lies about its flush is
//! not modelled.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::durability::{Survived, Writer, write_when_told};
use crate::support::{Seeded, absent};

const TEST: &str = "store::power::a_power_cut_loses_nothing_acknowledged";

/// Says that this process has mounts of its own.
const APART: &str = "WORPEN_TEST_OWN_MOUNTS";

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    if write_when_told() {
        return;
    }
    if env::var_os(APART).is_some() {
        return cut_and_compare();
    }
    if !can_mount() {
        return absent(
            "the right to mount, mkfs.ext4 and loop devices, for cutting the power of a file system",
        );
    }
    let program = env::current_exe().unwrap();
    let ended = Command::new("unshare")
        .arg("-m")
        .arg(program)
        .args(["--exact", TEST, "--nocapture"])
        .env(APART, "1")
        .status()
        .unwrap();
    assert!(ended.success());
}

/// Whether file systems can be mounted for a test alone.
pub(crate) fn can_mount() -> bool {
    run("unshare", &["-m", "sh", "-c", "mount -t tmpfs none /mnt"])
        && run("mkfs.ext4", &["-V"])
        && Path::new("/dev/loop-control").exists()
}

fn cut_and_compare() {
    let mut random = Seeded::new("a_power_cut_loses_nothing_acknowledged");
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir_all(at("live")).unwrap();
    fs::create_dir_all(at("after")).unwrap();
    for cut in 0..25 {
        let _ = fs::remove_file(at("disk"));
        must("truncate", &[&"-s", &"96M", &at("disk")]);
        must("mkfs.ext4", &[&"-q", &at("disk")]);
        let live = Mounted::new(&at("disk"), &at("live"));
        must("sync", &[]);
        let mut writer = Writer::start(TEST, &at("live").join("data"), cut);
        writer.wait_for(random.within(1..600));
        stop(writer.id());
        let acknowledged = writer.acknowledged();
        must("cp", &[&"--sparse=always", &at("disk"), &at("copy")]);
        writer.kill();
        drop(live);
        let after = Mounted::new(&at("copy"), &at("after"));
        Survived::default().check(&at("after").join("data"), &acknowledged);
        drop(after);
    }
}

/// Stops every thread of a process and waits until they stand.
pub(crate) fn stop(process: u32) {
    must("kill", &[&"-STOP", &process.to_string()]);
    let stands = |thread: fs::DirEntry| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('T')
    };
    while !fs::read_dir(format!("/proc/{process}/task")).unwrap().all(|thread| stands(thread.unwrap())) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// A file system that is mounted until this is dropped.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn new(image: &Path, place: &Path) -> Self {
        must("mount", &[&"-o", &"loop", &image, &place]);
        Self(place.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A test that fails leaves its mounts to the end of their namespace.
        if !thread::panicking() {
            must("umount", &[&self.0]);
        }
    }
}

pub(crate) fn must(program: &str, arguments: &[&dyn AsRef<std::ffi::OsStr>]) {
    let ended = Command::new(program).args(arguments.iter().map(|it| it.as_ref())).status().unwrap();
    assert!(ended.success(), "{program} failed");
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|ended| ended.success())
}
