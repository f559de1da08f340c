use super::*;

#[test]
fn percentages_are_of_the_whole_and_never_nan() {
    assert!((percent(1, 4) - 25.0).abs() < f32::EPSILON);
    assert!(percent(1, 0).abs() < f32::EPSILON);
    assert!(finite(f32::NAN).abs() < f32::EPSILON);
}

#[test]
fn only_file_systems_on_disks_are_real() {
    assert!(is_real("/dev/sda1", "ext4"));
    assert!(is_real("tank/home", "zfs"));
    assert!(!is_real("overlay", "overlay"));
    assert!(!is_real("tmpfs", "tmpfs"));
    assert!(!is_real("/dev/loop3", "squashfs"));
}

#[test]
fn a_measurement_of_this_host_is_filled_and_plausible() {
    let measured = Sampler::new().unwrap().measure("node", Timestamp::UNIX_EPOCH, Some(3));
    assert_eq!((measured.agent_id.as_str(), measured.container_count), ("node", Some(3)));
    assert!(!measured.cpu_cores.is_empty());
    assert!(measured.memory_usage.total_bytes >= measured.memory_usage.used_bytes);
    assert!(measured.memory_usage.percent > 0.0 && measured.memory_usage.percent < 100.0);
    assert!(measured.uptime_s.is_some_and(|uptime| uptime > 0));
    let devices: std::collections::BTreeSet<_> =
        measured.disk_usage.values().map(|disk| &disk.device).collect();
    assert_eq!(devices.len(), measured.disk_usage.len(), "a device is told once");
    for (mount_point, disk) in &measured.disk_usage {
        let shown = std::process::Command::new("df")
            .args(["-B1", "--output=size,used", mount_point])
            .output()
            .unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let figures: Vec<u64> =
            shown.lines().last().unwrap().split_whitespace().map(|word| word.parse().unwrap()).collect();
        assert_eq!(figures[0], disk.total_bytes, "{mount_point}");
        assert!(figures[1].abs_diff(disk.used_bytes) < 1 << 30, "{mount_point}: {figures:?} {disk:?}");
    }
    let facts = host_facts();
    assert!(facts.hostname.is_some() && facts.kernel.is_some() && facts.booted_at.is_some());
    assert!(facts.memory_total_bytes.is_some() && facts.cpu_count.is_some());
}
