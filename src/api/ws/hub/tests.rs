use super::*;

fn linked(hub: &Hub, agent: AgentId, instance: &str) -> Arc<Handle> {
    let link = Handle::new(instance.into(), None);
    hub.enter(agent, link.clone(), || ());
    link
}

#[tokio::test]
async fn an_end_is_heeded_however_much_was_said_before() {
    let (hub, agent) = (Hub::default(), AgentId::generate());
    let link = linked(&hub, agent, "one");
    for _ in 0..100 {
        assert!(hub.sync(agent), "a linked agent can always be asked");
    }
    assert!(hub.end(agent, LinkErrorCode::Revoked, "removed"));
    assert!(hub.end(agent, LinkErrorCode::Replaced, "replaced"));
    let said = link.said().await;
    assert_eq!(said.end, Some((LinkErrorCode::Revoked, "removed".to_owned())), "the first reason holds");
    assert!(said.sync);
}

#[tokio::test]
async fn a_newer_link_ends_the_one_before_and_stays_when_that_leaves() {
    let (hub, agent) = (Hub::default(), AgentId::generate());
    let old = linked(&hub, agent, "one");
    let new = linked(&hub, agent, "one");
    assert_eq!(old.said().await.end.map(|(code, _)| code), Some(LinkErrorCode::Replaced));
    assert!(!hub.leave(agent, &old, || panic!("it is not the agent's link any more")));
    assert!(hub.is_linked(agent));
    assert!(hub.leave(agent, &new, || ()));
    assert!(!hub.is_linked(agent) && !hub.sync(agent));
}

#[tokio::test]
async fn a_link_that_goes_while_it_is_probed_leaves_its_place() {
    let (hub, agent) = (Hub::default(), AgentId::generate());
    let old = linked(&hub, agent, "one");
    let contest = hub.contest(agent, "two");
    let goes = async {
        let said = old.said().await;
        hub.leave(agent, &old, || ());
        drop((said, old));
    };
    assert_eq!(tokio::join!(contest, goes).0, Contest::Free);
}
