use std::os::unix::fs::PermissionsExt;

use super::*;

fn joined(folder: &Path) -> Identity {
    let mut node = NodeKey::load_or_make(folder).unwrap();
    let server_key = SigningKey::from_seed(&[7; 32]).public().to_string();
    node.membership = Some(Membership {
        invitation: InvitationId::generate(),
        url: "http://127.0.0.1:1".into(),
        keys: vec![server_key.clone()],
        authorities: Vec::new(),
        revision: 0,
        certificate: None,
        by_system_roots: false,
        joined: Joined {
            id: AgentId::generate(),
            agent_id: "node".into(),
            site: "default".into(),
            server: ServerId::generate(),
            server_key,
            authorities: Vec::new(),
            certificate: None,
            epoch: 0,
        },
    });
    node.save().unwrap();
    Identity::load(folder).unwrap()
}

#[test]
fn the_key_is_made_once_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = NodeKey::load_or_make(&data).unwrap().key.public();
    assert_eq!(NodeKey::load_or_make(&data).unwrap().key.public(), first);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&data.join(IDENTITY))), (0o700, 0o600));
    assert!(matches!(Identity::load(&data), Err(IdentityError::NotJoined)));
}

#[test]
fn trusted_keys_and_the_epoch_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut identity = joined(folder.path());
    assert_eq!(identity.epoch().unwrap(), 0);
    identity.sync_epoch(41).unwrap();
    let next = SigningKey::from_seed(&[8; 32]).public();
    identity.trust(&[next.to_string()], &[], 1).unwrap();
    identity.trust(&["nonsense".into()], &[], 2).unwrap();
    let again = Identity::load(folder.path()).unwrap();
    assert_eq!((again.epoch().unwrap(), again.trusted()), (41, &[next][..]));
}

#[test]
fn a_damaged_file_is_named_and_never_taken_for_a_fresh_node() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(IDENTITY), "{").unwrap();
    assert!(matches!(NodeKey::load_or_make(folder.path()), Err(IdentityError::Damaged(_))));
}
