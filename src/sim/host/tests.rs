use super::*;

fn host(seed: u64) -> Host {
    Host::new(seed, 10, &mut Random::of(seed, "sim-00000"))
}

fn stop(container: &str) -> Deed {
    Deed { verb: Verb::Stop, container: container.into(), force: false }
}

#[test]
fn the_same_seed_gives_the_same_node() {
    let now = Timestamp::UNIX_EPOCH;
    let told = |seed| host(seed).inventory("sim-00000", now);
    assert_eq!(told(7), told(7));
    assert_ne!(told(7).containers[0].id, told(8).containers[0].id);
    assert_eq!((told(7).containers.len(), told(7).images.len()), (10, 6));
}

#[test]
fn an_order_changes_its_container_and_tells_what_happened() {
    let (mut host, now) = (host(7), Timestamp::now());
    let running =
        host.inventory("n", now).containers.into_iter().find(|c| c.state == ContainerState::Running);
    let running = running.unwrap();
    let (given, happened) = host.act("n", &stop(&running.id[..12]), now).unwrap();
    assert_eq!(given, json!({ "changed": true, "state": "exited" }));
    let kinds: Vec<EventKind> = happened.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [EventKind::ContainerDied, EventKind::ContainerStopped]);
    let (again, happened) = host.act("n", &stop(&running.name), now).unwrap();
    assert_eq!((again["changed"].as_bool(), happened.len()), (Some(false), 0));
    let remove = Deed { verb: Verb::Remove, ..stop(&running.name) };
    assert_eq!(host.act("n", &remove, now).unwrap().0["state"], Value::Null);
    assert_eq!(host.act("n", &remove, now), Err(format!("No such container: {}", running.name)));
}

#[test]
fn a_running_container_is_removed_by_force_alone() {
    let (mut host, now) = (host(7), Timestamp::now());
    let restart = Deed { verb: Verb::Restart, ..stop("nginx-0") };
    let (_, happened) = host.act("n", &restart, now).unwrap();
    assert_eq!(happened.last().unwrap().0, EventKind::ContainerRestarted);
    let remove = Deed { verb: Verb::Remove, ..stop("nginx-0") };
    assert!(host.act("n", &remove, now).is_err());
    assert!(host.act("n", &Deed { force: true, ..remove }, now).is_ok());
}

#[test]
fn measurements_stay_within_their_bounds() {
    let (mut host, mut random) = (host(7), Random::of(7, "walk"));
    for _ in 0..2_000 {
        let measured = host.measure("n", Timestamp::now(), &mut random);
        assert!((0.0..=100.0).contains(&measured.cpu_usage), "{measured:?}");
        assert!(measured.memory_usage.used_bytes < MEMORY && measured.disk_usage["/"].used_bytes < DISK);
    }
}
