//! Files whose bytes were changed behind the server's back.

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use jiff::Timestamp;
use worpen::{
    core::port::{records::EventFilter, store::Observer},
    infra::store::{OpenError, SqliteStore},
    proto::event::{Event, EventKind},
};

use crate::{harness::TestServer, node::TestNode};

/// Overwrites everything behind the first page.
fn damage(path: &Path) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(length).unwrap() - 4096]).unwrap();
}

#[tokio::test]
async fn damaged_measurements_and_output_are_put_aside_and_told_and_the_server_goes_on() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&node.telemetry(1, Timestamp::now())).await;
    link.acknowledged(1).await;
    drop(link);
    let server = server.restart_after(|data| {
        damage(&data.join("telemetry.db"));
        damage(&data.join("output.db"));
    });
    let server = server.await;
    let filter = EventFilter { kinds: vec![EventKind::ServerStoreDamaged], ..EventFilter::default() };
    let told = server.app.records.events(0, &filter, 10).await.unwrap().items;
    assert_eq!(told.len(), 2, "{told:?}");
    for event in &told {
        let aside = event.data["put_aside"].as_str().unwrap();
        assert!(aside.contains(".db.damaged-") && Path::new(aside).exists(), "{aside}");
    }
    let mut link = node.link().await;
    link.say(&node.telemetry(2, Timestamp::now())).await;
    link.acknowledged(2).await;
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn a_server_whose_control_data_is_damaged_does_not_start() {
    struct Unseen;
    impl Observer for Unseen {
        fn committed(&self, _: &[Event]) {}
    }
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(folder.path(), Arc::new(Unseen)).unwrap());
    damage(&folder.path().join("worpen.db"));
    let refused = SqliteStore::open(folder.path(), Arc::new(Unseen)).unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
    assert!(refused.to_string().contains("is damaged"), "{refused}");
}
