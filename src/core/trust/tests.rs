use super::*;
use crate::core::signing::SigningKey;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(id: &str, second: i64) -> Anchor {
    Anchor {
        id: id.into(),
        kind: AnchorKind::Signing,
        state: AnchorState::Active,
        material: format!("key {id}"),
        endorsement: (id != "a").then(|| format!("word for {id}")),
        revision: 1,
        created_at: at(second),
        since: at(second),
        audit_until: None,
    }
}

fn turn(set: &TrustSet, step: TrustStep, made: Option<Anchor>) -> Result<TrustSet, Error> {
    set.step(AnchorKind::Signing, step, false, made, at(100), 41).map(|changed| set.after(&changed))
}

#[test]
fn a_rotation_always_has_one_active_key_and_trusts_two_in_between() {
    let set = TrustSet::new(vec![key("a", 1)]);
    let kind = AnchorKind::Signing;
    assert!(turn(&set, TrustStep::Activate, None).is_err());
    assert!(turn(&set, TrustStep::Retire, None).is_err());
    let prepared = turn(&set, TrustStep::Prepare, Some(key("b", 2))).unwrap();
    assert_eq!(prepared.materials(kind), ["key a", "key b"]);
    assert!(prepared.endorsements(kind).is_empty(), "nobody needs a word for what signs nothing yet");
    assert!(turn(&prepared, TrustStep::Prepare, Some(key("c", 3))).is_err());
    let active = turn(&prepared, TrustStep::Activate, None).unwrap();
    assert_eq!(active.materials(kind), ["key b", "key a"]);
    assert_eq!(active.endorsements(kind), ["word for b"]);
    assert!(turn(&active, TrustStep::Prepare, Some(key("c", 3))).is_err());
    let retired = turn(&active, TrustStep::Retire, None).unwrap();
    assert_eq!(retired.materials(kind), ["key b"]);
    assert_eq!((set.revision(), prepared.revision(), active.revision(), retired.revision()), (1, 2, 3, 4));
    assert_eq!(retired.endorsements(kind), ["word for b"], "who was away can follow still");
}

#[test]
fn a_key_that_was_stolen_vouches_for_nobody() {
    let set = TrustSet::new(vec![key("a", 1)]);
    let set = turn(&set, TrustStep::Prepare, Some(key("b", 2))).unwrap();
    let set = turn(&set, TrustStep::Activate, None).unwrap();
    let changed = set.step(AnchorKind::Signing, TrustStep::Retire, true, None, at(100), 41).unwrap();
    assert!(set.after(&changed).endorsements(AnchorKind::Signing).is_empty());
}

#[test]
fn successions_lead_from_a_known_key_to_the_newest_and_from_a_foreign_one_nowhere() {
    let keys: Vec<SigningKey> = (1..=4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
    let word = |from: usize, to: usize| {
        let successor = keys[to].public().to_string();
        envelope::seal(&keys[from], SUCCESSION_TYPE, &Succession { successor })
    };
    let chain = [word(1, 2), word(0, 1)];
    let reached = successors(&[keys[0].public()], &chain);
    assert_eq!(reached, [keys[1].public(), keys[2].public()]);
    assert!(successors(&[keys[3].public()], &chain).is_empty());
}
