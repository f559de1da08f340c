//! The server's own keys: authorities (X.509, ECDSA over P-256) and the keys that sign commands (Ed25519), each private half
//! in a file of its own in the data folder.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use zeroize::Zeroizing;

use crate::{
    config::private,
    core::{
        certificate::{SERVER_NAME, TlsKey, fingerprint},
        digest::{hex, sha256_hex},
        envelope,
        error::Error,
        port::keys::{Issued, Issuer, Keys, ServerCertificate},
        signing::SigningKey,
        trust::{Anchor, AnchorKind, AnchorState},
    },
    id::AgentId,
    infra::seed::read_or_make,
    proto::envelope::{SUCCESSION_TYPE, Succession},
};

/// The file of the first key that signs commands.
pub const FIRST_SIGNING: &str = "command.key";
/// How long an authority holds.
const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 10);
/// How long the server's own certificate holds; a new one is made long before.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Certificates hold since this long before they were made: clocks differ.
const BACKDATED: SignedDuration = SignedDuration::from_hours(24);
/// The same for an agent's: only the server's own clock judges it.
const AGENT_BACKDATED: SignedDuration = SignedDuration::from_mins(1);

/// The keys in a data folder.
#[derive(Clone, Debug)]
pub struct KeyFolder {
    folder: PathBuf,
    /// How long an agent's certificate holds.
    agent_life: SignedDuration,
}

impl KeyFolder {
    /// The keys in this folder, whose authorities certify agents for so long.
    #[must_use]
    pub fn new(folder: &Path, agent_life: Duration) -> Self {
        let agent_life = SignedDuration::try_from(agent_life).unwrap_or(SignedDuration::from_hours(24));
        Self { folder: folder.to_owned(), agent_life }
    }

    fn authority_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("authority-{}.key", &id[..id.len().min(16)]))
    }

    /// The file of a command key; the first has a name that is older than rotations.
    fn signing_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("command-{id}.key"))
    }

    fn make_authority(&self, active: Option<&Anchor>, now: Timestamp) -> Result<Anchor, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(not_made)?;
        let params = authority_params(&key, now)?;
        let certificate = params.self_signed(&key).map_err(not_made)?;
        let id = hex(&fingerprint(certificate.der()));
        let endorsement = active
            .map(|active| {
                let predecessor = self.authority(active)?;
                let crossed = authority_params(&key, now)?.signed_by(&key, &predecessor.issuer());
                crossed.map(|crossed| STANDARD.encode(crossed.der())).map_err(not_made)
            })
            .transpose()?;
        let path = self.authority_file(&id);
        let private = Zeroizing::new(key.serialize_der());
        private::replace(&path, &private).map_err(|error| unusable(&path, &error))?;
        let material = STANDARD.encode(certificate.der());
        Ok(anchor(id, AnchorKind::Authority, material, endorsement, now))
    }

    fn make_signing(&self, active: Option<&Anchor>, now: Timestamp) -> Result<Anchor, Error> {
        let Some(active) = active else {
            let path = self.folder.join(FIRST_SIGNING);
            let seed = read_or_make(&path).map_err(|error| unusable(&path, &error))?;
            let key = SigningKey::from_seed(&seed).public();
            return Ok(anchor(key.fingerprint_text(), AnchorKind::Signing, key.to_string(), None, now));
        };
        let predecessor = self.signing(active)?;
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|error| Error::Internal(error.to_string()))?;
        let key = SigningKey::from_seed(&seed).public();
        let path = self.signing_file(&key.fingerprint_text());
        private::replace(&path, seed.as_ref()).map_err(|error| unusable(&path, &error))?;
        let word = envelope::seal(&predecessor, SUCCESSION_TYPE, &Succession { successor: key.to_string() });
        let word = serde_json::to_string(&word).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(anchor(key.fingerprint_text(), AnchorKind::Signing, key.to_string(), Some(word), now))
    }

    fn authority(&self, anchor: &Anchor) -> Result<Authority, Error> {
        let path = self.authority_file(&anchor.id);
        let der = read_private(&path).map_err(|error| unusable(&path, &error))?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der.as_slice().into(), &PKCS_ECDSA_P256_SHA256);
        let key = key.map_err(|error| unusable(&path, &io::Error::other(error.to_string())))?;
        Ok(Authority { id: anchor.id.clone(), name: authority_name(&key), key, agent_life: self.agent_life })
    }
}

impl Keys for KeyFolder {
    fn make(&self, kind: AnchorKind, active: Option<&Anchor>, now: Timestamp) -> Result<Anchor, Error> {
        match kind {
            AnchorKind::Authority => self.make_authority(active, now),
            AnchorKind::Signing => self.make_signing(active, now),
        }
    }

    fn signing(&self, anchor: &Anchor) -> Result<SigningKey, Error> {
        let later = self.signing_file(&anchor.id);
        let path = if later.exists() { later } else { self.folder.join(FIRST_SIGNING) };
        let seed = read_private(&path).map_err(|error| unusable(&path, &error))?;
        let foreign =
            || Error::Internal(format!("{} holds another key than the store names", path.display()));
        let seed: &[u8; 32] = seed.as_slice().try_into().map_err(|_| foreign())?;
        let key = SigningKey::from_seed(seed);
        if key.public().fingerprint_text() == anchor.id { Ok(key) } else { Err(foreign()) }
    }

    fn issuer(&self, anchor: &Anchor) -> Result<Box<dyn Issuer>, Error> {
        Ok(Box::new(self.authority(anchor)?))
    }
}

/// An authority with its private half.
struct Authority {
    id: String,
    name: DistinguishedName,
    key: KeyPair,
    agent_life: SignedDuration,
}

impl Authority {
    fn issuer(&self) -> rcgen::Issuer<'_, &KeyPair> {
        let mut params = CertificateParams::default();
        params.distinguished_name = self.name.clone();
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        rcgen::Issuer::new(params, &self.key)
    }
}

impl Issuer for Authority {
    fn certify_agent(&self, agent: AgentId, key: &TlsKey, now: Timestamp) -> Result<Issued, Error> {
        // Certificates know whole seconds.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let (not_before, not_after) = (now - AGENT_BACKDATED, now + self.agent_life);
        let serial = serial()?;
        let mut params = params(not_before, not_after, &serial);
        params.distinguished_name.push(DnType::CommonName, agent.to_string());
        params.subject_alt_names = vec![SanType::URI(
            format!("urn:uuid:{agent}").try_into().map_err(|_| Error::Internal("an id is no URI".into()))?,
        )];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&Point(key), &self.issuer()).map_err(not_made)?;
        Ok(Issued {
            der: certificate.der().to_vec(),
            serial: hex(&serial),
            authority: self.id.clone(),
            issued_at: now,
            not_after,
        })
    }

    fn certify_server(&self, names: &[String], now: Timestamp) -> Result<ServerCertificate, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(not_made)?;
        let (not_before, not_after) = (now - BACKDATED, now + SERVER_LIFE);
        let mut params = params(not_before, not_after, &serial()?);
        params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
        let all = names.iter().map(String::as_str).chain([SERVER_NAME]).map(str::to_owned);
        params.subject_alt_names =
            CertificateParams::new(all.collect::<Vec<_>>()).map_err(not_made)?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer()).map_err(not_made)?;
        let private = Zeroizing::new(key.serialize_der());
        Ok(ServerCertificate { der: certificate.der().to_vec(), key: private, not_before, not_after })
    }
}

/// A key that somebody else made.
struct Point<'a>(&'a TlsKey);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// A fresh key of P-256 to shake hands with: its private half (PKCS #8) and its public point.
///
/// # Errors
/// The system gives no randomness.
pub fn make_tls_key() -> Result<(Zeroizing<Vec<u8>>, TlsKey), Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(not_made)?;
    let public = TlsKey::new(key.public_key_raw());
    let public = public.ok_or_else(|| Error::Internal("a key of P-256 is no point".into()))?;
    Ok((Zeroizing::new(key.serialize_der()), public))
}

fn anchor(
    id: String,
    kind: AnchorKind,
    material: String,
    endorsement: Option<String>,
    now: Timestamp,
) -> Anchor {
    let state = AnchorState::Active;
    Anchor {
        id,
        kind,
        state,
        material,
        endorsement,
        revision: 1,
        created_at: now,
        since: now,
        audit_until: None,
    }
}

/// The name of an authority: told from every other one's by its key.
fn authority_name(key: &KeyPair) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Worpen");
    name.push(DnType::CommonName, format!("Worpen authority {}", &sha256_hex(key.public_key_raw())[..16]));
    name
}

fn authority_params(key: &KeyPair, now: Timestamp) -> Result<CertificateParams, Error> {
    let mut params = params(now - BACKDATED, now + AUTHORITY_LIFE, &serial()?);
    params.distinguished_name = authority_name(key);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn params(not_before: Timestamp, not_after: Timestamp, serial: &[u8]) -> CertificateParams {
    let moment = |at: Timestamp| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
    };
    let mut params = CertificateParams::default();
    params.not_before = moment(not_before);
    params.not_after = moment(not_after);
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.distinguished_name = DistinguishedName::new();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// 16 bytes, of which 126 bits are random: positive, and as long as all others (RFC 5280, section 4.1.2.2).
fn serial() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(bytes)
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        let text = "others may read or write it; 'chmod 600' it if you trust what it holds";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    fs::read(path).map(Zeroizing::new)
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::Internal(format!("the key in {} cannot be used: {error}", path.display()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn not_made(error: rcgen::Error) -> Error {
    Error::Internal(format!("a certificate cannot be made: {error}"))
}

#[cfg(test)]
mod tests;
