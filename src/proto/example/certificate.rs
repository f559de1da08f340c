//! Certificates and trust.

use super::{AGENT, at, read};
use crate::proto::certificate::{
    AnchorKind, AnchorState, Certificate, CertifyRequest, Trust, TrustStep, TrustedKey, TurnTrustRequest,
};

pub(in crate::proto) fn certify() -> CertifyRequest {
    CertifyRequest {
        agent: read(AGENT),
        tls_key: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
            .into(),
        signature: "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw"
            .into(),
    }
}

pub(in crate::proto) fn certificate() -> Certificate {
    Certificate {
        certificate: "MIIBqDCCAU6gAwIBAgIQTx...".into(),
        serial: "4f1c9a7be2d05386b3c8a1f0e97d24c6".into(),
        issued_at: at("09:28:00"),
        not_after: read("2026-05-13T09:28:00Z"),
    }
}

pub(in crate::proto) fn turn_trust() -> TurnTrustRequest {
    TurnTrustRequest {
        kind: AnchorKind::Authority,
        step: TrustStep::Prepare,
        force: false,
        compromised: false,
    }
}

pub(in crate::proto) fn trust() -> Trust {
    let key = TrustedKey {
        id: "9c7a54a9a43cca047013b82af109fe963fde787f63f9e016fdc3384500c2823d".into(),
        kind: AnchorKind::Authority,
        state: AnchorState::Active,
        created_at: at("08:00:00"),
        since: at("08:00:00"),
        known_by: 1,
        certified: Some(1),
        certificate: Some("-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n".into()),
    };
    let signing = TrustedKey {
        id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".into(),
        kind: AnchorKind::Signing,
        certified: None,
        certificate: None,
        ..key
    };
    Trust { revision: 1, agents: 1, keys: vec![key, signing] }
}
