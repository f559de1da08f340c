//! Signs and opens envelopes: DSSE 1.0 with Ed25519. The one place where a signature is checked, and it is checked
//! before a byte of the payload is read.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, de::DeserializeOwned};

use super::signing::{PublicKey, SigningKey};
use crate::proto::envelope::{Envelope, EnvelopeSignature};

/// Why an envelope was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The envelope is for another purpose.
    #[error("the envelope is not of the type that belongs here")]
    WrongType,
    /// The payload or a signature is not base64.
    #[error("the envelope is not base64")]
    NotBase64,
    /// No signature holds under a trusted key.
    #[error("no signature holds under a trusted key")]
    NotTrusted,
    /// The signature holds, but the payload does not say what its type promises.
    #[error("the signed payload is not of its type's form")]
    NotOfItsType,
}

/// Seals a payload under a type.
///
/// # Panics
/// Never for the payloads of [`crate::proto::envelope`], which are plain data.
#[must_use]
pub fn seal(key: &SigningKey, payload_type: &str, payload: &impl Serialize) -> Envelope {
    let payload = serde_json::to_vec(payload).expect("envelope payloads are plain data and always serialize");
    let signature = key.sign(&pre_authentication(payload_type, &payload));
    Envelope {
        payload: STANDARD.encode(&payload),
        payload_type: payload_type.to_owned(),
        signatures: vec![EnvelopeSignature {
            keyid: key.public().fingerprint_text(),
            sig: STANDARD.encode(signature),
        }],
    }
}

/// Opens an envelope of the given type that one of the trusted keys signed.
///
/// # Errors
/// Says which of the checks did not hold; the payload is parsed only after the signature held.
pub fn open<T: DeserializeOwned>(
    trusted: &[PublicKey],
    payload_type: &str,
    envelope: &Envelope,
) -> Result<T, Unopened> {
    if envelope.payload_type != payload_type {
        return Err(Unopened::WrongType);
    }
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| Unopened::NotBase64)?;
    let message = pre_authentication(payload_type, &payload);
    let holds = envelope.signatures.iter().take(4).any(|signature| {
        let Ok(bytes) = STANDARD.decode(&signature.sig) else { return false };
        // The name is no proof, but one that is wrong says that somebody altered it.
        trusted.iter().any(|key| key.fingerprint_text() == signature.keyid && key.verifies(&message, &bytes))
    });
    if !holds {
        return Err(Unopened::NotTrusted);
    }
    serde_json::from_slice(&payload).map_err(|_| Unopened::NotOfItsType)
}

/// Reads what an envelope claims, whoever signed it: for what is to be compared and not believed.
#[must_use]
pub fn unproven<T: DeserializeOwned>(payload_type: &str, envelope: &Envelope) -> Option<T> {
    let payload =
        (envelope.payload_type == payload_type).then(|| STANDARD.decode(&envelope.payload).ok())??;
    serde_json::from_slice(&payload).ok()
}

/// DSSE's pre-authentication encoding: `DSSEv1 <len type> <type> <len payload> <payload>`.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests;
