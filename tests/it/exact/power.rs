//! The power of a server and its agents is cut at once: their data lie on one file system on a loop device, and a cut is a
//! copy of the file behind it while they stand still. What their programs did lies elsewhere: no cut undoes it.

use std::{env, fs, path::Path, process::Command, sync::Arc, time::Duration};

use super::{
    pair::{Load, NODES, Place},
    times,
};
use crate::{
    store::power::{Mounted, can_mount, must, stop},
    support::{Seeded, absent},
};

const TEST: &str = "exact::power::a_power_cut_loses_no_command_and_repeats_none";
/// Says that this process has mounts of its own.
const APART: &str = "WORPEN_TEST_OWN_MOUNTS";

#[test]
fn a_power_cut_loses_no_command_and_repeats_none() {
    if env::var_os(APART).is_some() {
        return cut_and_compare();
    }
    if !can_mount() {
        return absent(
            "the right to mount, mkfs.ext4 and loop devices, for cutting the power of a file system",
        );
    }
    let ended = Command::new("unshare")
        .arg("-m")
        .arg(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(APART, "1")
        .status()
        .unwrap();
    assert!(ended.success());
}

fn cut_and_compare() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut random = Seeded::new("a_power_cut_loses_no_command_and_repeats_none");
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    // The same place for both, since paths are written down in it.
    fs::create_dir_all(at("live")).unwrap();
    let joined = runtime.block_on(async {
        let place = Place::prepare(at("live").join("data"), at("notes")).await;
        must("cp", &[&"-a", &place.data, &at("joined")]);
        place
    });
    fs::remove_dir_all(&joined.data).unwrap();
    let place = Arc::new(joined);
    let (mut commands, mut effects, mut unknown) = (0, 0, 0);
    let cuts = times("WORPEN_CUTS", 6);
    for cut in 0..cuts {
        let _ = fs::remove_file(at("disk"));
        must("truncate", &[&"-s", &"96M", &at("disk")]);
        must("mkfs.ext4", &[&"-q", &at("disk")]);
        let live = Mounted::new(&at("disk"), &at("live"));
        must("cp", &[&"-a", &at("joined"), &place.data]);
        must("sync", &[]);
        let load = runtime.block_on(run_and_cut(&place, cut, &mut random, &at("disk"), &at("copy")));
        drop(live);
        fs::rename(at("copy"), at("disk")).unwrap();
        let after = Mounted::new(&at("disk"), &at("live"));
        runtime.block_on(async {
            let server = place.server("").expect("a server starts");
            let agents: Vec<_> = NODES.iter().map(|node| place.agent(node, "")).collect();
            let tally = load.check().await;
            commands += tally.commands;
            effects += tally.effects;
            unknown += tally.unknown;
            drop((server, agents));
        });
        drop(after);
    }
    eprintln!(
        "power: {cuts} cuts, {commands} commands acknowledged, {effects} effects, {unknown} unknown: none lost, none run \
         twice"
    );
}

/// Lets them work for a while, and takes the power away.
async fn run_and_cut(place: &Arc<Place>, cut: usize, random: &mut Seeded, disk: &Path, copy: &Path) -> Load {
    let (server, _) = place.server("").expect("a server starts");
    let agents: Vec<_> = NODES.iter().map(|node| place.agent(node, "")).collect();
    let mut load = Load::start(place, &format!("p{cut}"), 3);
    let wanted = usize::try_from(random.within(5..60)).unwrap();
    while load.acknowledged() < wanted {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    load.abort();
    for process in agents.iter().chain([&server]) {
        stop(process.id());
    }
    must("cp", &[&"--sparse=always", &disk, &copy]);
    drop((server, agents));
    load
}
