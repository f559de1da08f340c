use std::sync::Arc;

use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::WebPkiClientVerifier,
};

use super::*;
use crate::{core::trust::TrustSet, proto::certificate::TrustStep};

fn roots(anchor: &Anchor) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(STANDARD.decode(&anchor.material).unwrap().into()).unwrap();
    Arc::new(roots)
}

#[test]
fn an_agents_certificate_holds_under_its_authority_alone_and_says_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::new(folder.path(), Duration::from_secs(60));
    let now = Timestamp::now();
    let one = keys.make(AnchorKind::Authority, None, now).unwrap();
    let other = keys.make(AnchorKind::Authority, None, now).unwrap();
    let (agent, (_, key)) = (AgentId::generate(), make_tls_key().unwrap());
    let issued = keys.issuer(&one).unwrap().certify_agent(agent, &key, now).unwrap();
    let der = CertificateDer::from(issued.der.clone());
    let certificate = webpki::EndEntityCert::try_from(&der).unwrap();
    let names: Vec<_> = certificate.valid_uri_names().collect();
    assert_eq!(names, [format!("urn:uuid:{agent}")]);
    assert_eq!(hex(certificate.serial().split_at(certificate.serial().len() - 16).1), issued.serial);
    let judge = |anchor, at: i64| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap()));
        WebPkiClientVerifier::builder_with_provider(roots(anchor), Arc::new(ring::default_provider()))
            .build()
            .unwrap()
            .verify_client_cert(&der, &[], at)
            .is_ok()
    };
    assert!(judge(&one, now.as_second()));
    assert!(!judge(&other, now.as_second()), "another authority's");
    assert!(!judge(&one, now.as_second() + 61), "it ended");
    let file = fs::metadata(keys.authority_file(&one.id)).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[test]
fn who_knows_an_old_authority_follows_its_successors() {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::new(folder.path(), Duration::from_secs(60));
    let (kind, start) = (AnchorKind::Authority, Timestamp::now());
    let first = keys.make(kind, None, start).unwrap();
    let mut set = TrustSet::new(vec![first.clone()]);
    for turn in 1..=2 {
        let now = start + SignedDuration::from_secs(turn);
        let made = keys.make(kind, set.active(kind), now).unwrap();
        set = set.after(&set.step(kind, TrustStep::Prepare, false, Some(made), now, 0).unwrap());
        set = set.after(&set.step(kind, TrustStep::Activate, false, None, now, 0).unwrap());
        set = set.after(&set.step(kind, TrustStep::Retire, false, None, now, 0).unwrap());
    }
    let active = set.active(kind).unwrap();
    let server = keys.issuer(active).unwrap().certify_server(&["a.example".into()], start).unwrap();
    let crossed = set.endorsements(kind);
    assert_eq!(crossed.len(), 2);
    let crossed: Vec<CertificateDer<'_>> =
        crossed.iter().map(|text| STANDARD.decode(text).unwrap().into()).collect();
    let holds = |between: &[CertificateDer<'_>], name: &str| {
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
            roots(&first),
            Arc::new(ring::default_provider()),
        );
        let name = ServerName::try_from(name.to_owned()).unwrap();
        use rustls::client::danger::ServerCertVerifier;
        verifier
            .build()
            .unwrap()
            .verify_server_cert(&server.der.clone().into(), between, &name, &[], UnixTime::now())
            .is_ok()
    };
    assert!(holds(&crossed, SERVER_NAME) && holds(&crossed, "a.example"));
    assert!(!holds(&crossed, "b.example"));
    assert!(!holds(&crossed[..1], SERVER_NAME), "a link is missing");
}

#[test]
fn a_command_key_is_vouched_for_by_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::new(folder.path(), Duration::from_secs(60));
    let first = keys.make(AnchorKind::Signing, None, Timestamp::now()).unwrap();
    let second = keys.make(AnchorKind::Signing, Some(&first), Timestamp::now()).unwrap();
    let word = serde_json::from_str(second.endorsement.as_ref().unwrap()).unwrap();
    let reached = crate::core::trust::successors(&[keys.signing(&first).unwrap().public()], &[word]);
    assert_eq!(reached, [keys.signing(&second).unwrap().public()]);
    assert_eq!(reached[0].to_string(), second.material);
}
