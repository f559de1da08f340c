//! TLS as the server speaks it: mutual where agents are managed, and for the API by its own authority or by the operator's
//! files. What is shown is made anew when what is trusted changes, when files change, and before it ends.

use std::{
    fs::File,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use rustix::fs::inotify;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore,
    ServerConfig, SignatureScheme, SupportedProtocolVersion,
    client::danger::HandshakeSignatureValid,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime, pem::PemObject},
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::{TLS12, TLS13},
};
use tokio::{net::unix::pipe::Receiver, time::sleep};

use crate::{
    api::{app::App, clock, trust::Current},
    config::transport::Tls,
    core::{certificate::renew_at, error::Error, trust::AnchorKind, usecase::certify::Shown},
    id::AgentId,
    proto::agent::AgentStatus,
};

/// How long files must be left alone before they are read: who replaces both has then replaced both.
const SETTLE: Duration = Duration::from_millis(300);

/// How long after a certificate could not be made it is tried again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What is shown to whoever connects next.
#[derive(Debug)]
pub(super) struct Shelf(RwLock<Arc<ServerConfig>>);

impl Shelf {
    fn new(config: ServerConfig) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(config))))
    }

    /// What is shown now.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, config: ServerConfig) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

/// Where a certificate of the server comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The server's own authority, under these names and the one that agents go by, for those who show certificates of it.
    Agents(Vec<String>),
    /// The server's own authority, under these names.
    Authority(Vec<String>),
    /// Files.
    Files {
        /// The certificate and those that lead to its root, PEM.
        cert: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

impl Source {
    /// Where the API's certificate comes from; `None` for plain HTTP.
    pub(super) fn of(tls: &Tls, names: &[String], listen: SocketAddr) -> Option<Self> {
        match tls {
            Tls::Off => None,
            Tls::Authority => Some(Self::Authority(names_of(names, listen))),
            Tls::Files { cert, key } => Some(Self::Files { cert: cert.clone(), key: key.clone() }),
        }
    }

    /// Where the certificate comes from that agents are shown, and whoever looks at that port by its address.
    pub(super) fn of_agents(names: &[String], listen: SocketAddr) -> Self {
        Self::Agents(names_of(names, listen))
    }

    /// Makes what is shown, and says until when it is good.
    fn make(&self, app: &Arc<App>) -> Result<(ServerConfig, Option<Timestamp>), Error> {
        let current = app.trust.current();
        match self {
            Self::Agents(names) => {
                let (chain, key, renew) = own(&current, names)?;
                let verifier = Verifier::new(&current, app)?;
                // Both ends are ours, and 1.3 gives each connection a secret of its own without being asked.
                let mut config = builder(&[&TLS13])?
                    .with_client_cert_verifier(Arc::new(verifier))
                    .with_single_cert(chain, key)
                    .map_err(cannot)?;
                // Each handshake is judged anew: who was revoked must not come back on an old one's word.
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
                config.alpn_protocols = Vec::new();
                Ok((config, Some(renew)))
            }
            Self::Authority(names) => {
                let (chain, key, renew) = own(&current, names)?;
                Ok((api(chain, key)?, Some(renew)))
            }
            Self::Files { cert, key } => {
                let (chain, key) = read(cert, key)?;
                Ok((api(chain, key)?, None))
            }
        }
    }

    /// What is shown first.
    pub(super) fn open(&self, app: &Arc<App>) -> Result<Arc<Shelf>, Error> {
        Ok(Shelf::new(self.make(app)?.0))
    }

    /// Keeps what is shown good, for ever.
    pub(super) async fn keep(self, app: Arc<App>, shelf: Arc<Shelf>) {
        let mut trust = app.trust.changes();
        let mut watch = Watch::of(&self);
        loop {
            let renew = match self.make(&app) {
                Ok((config, renew)) => {
                    shelf.put(config);
                    renew
                }
                Err(error) => {
                    // What was shown before is shown still.
                    tracing::error!("the server's certificate was not made anew: {error}");
                    Some(clock::now() + AGAIN)
                }
            };
            tokio::select! {
                _ = trust.changed() => {}
                () = until(renew) => {}
                () = watch.changed() => tracing::info!("the files of the server's certificate changed; read anew"),
                () = app.shutdown.cancelled() => return,
            }
        }
    }
}

async fn until(moment: Option<Timestamp>) {
    match moment {
        Some(moment) => {
            let left = Duration::try_from(moment.duration_since(clock::now())).unwrap_or_default();
            // So that a clock that leaps cannot make it spin.
            sleep(left.max(Duration::from_secs(60))).await;
        }
        None => std::future::pending().await,
    }
}

/// The names and addresses of a server that listens there.
fn names_of(told: &[String], listen: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = told.to_vec();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if !listen.ip().is_unspecified() {
        names.push(listen.ip().to_string());
    }
    let host = sysinfo::System::host_name().ok().map(|name| name.to_lowercase());
    let is_name = |name: &String| rustls::pki_types::DnsName::try_from(name.as_str()).is_ok();
    names.extend(host.filter(is_name));
    let mut unique = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, Timestamp);

/// A certificate of the server's own authority, with the authority's own and the words of its predecessors for it.
fn own(current: &Current, names: &[String]) -> Result<Chain, Error> {
    let made = current.issuer.certify_server(names, clock::now())?;
    let active = current.set.active(AnchorKind::Authority).map(|active| active.material.as_str());
    let others = active.into_iter().chain(current.set.endorsements(AnchorKind::Authority));
    let others = others.filter_map(|text| STANDARD.decode(text).ok()).map(CertificateDer::from);
    let chain = std::iter::once(made.der.into()).chain(others).collect();
    let key = PrivatePkcs8KeyDer::from(made.key.to_vec()).into();
    Ok((chain, key, renew_at(made.not_before, made.not_after)))
}

fn read(cert: &Path, key: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        Error::Internal(format!("server.tls: {} cannot be used: {error}", path.display()))
    };
    let certificates = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| unreadable(cert, &error))?;
    if certificates.is_empty() {
        return Err(unreadable(cert, &"it holds no certificate in PEM"));
    }
    Ok((certificates, PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?))
}

fn builder(
    versions: &[&'static SupportedProtocolVersion],
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, Error> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(cannot)
}

/// How the API is served: HTTP/2, or HTTP/1.1 for WebSockets and whoever knows no other.
fn api(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, Error> {
    let mut config =
        builder(&[&TLS13, &TLS12])?.with_no_client_auth().with_single_cert(chain, key).map_err(cannot)?;
    // Every suite there is is good; the server's order puts the strongest first whatever a client would rather have.
    config.ignore_client_order = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn cannot(error: TlsError) -> Error {
    Error::Internal(format!("TLS cannot be set up: {error}"))
}

/// Whose certificate it is, and its number; `None` when it is no agent's.
pub(super) fn shown(certificate: &CertificateDer<'_>) -> Option<Shown> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    let agent: AgentId = parsed.valid_uri_names().next()?.strip_prefix("urn:uuid:")?.parse().ok()?;
    let serial = serial(parsed.serial());
    Some(Shown { agent, serial })
}

/// The number of a certificate, hexadecimal: the content of its DER.
fn serial(der: &[u8]) -> String {
    use std::fmt::Write;
    let digits = match der {
        [2, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        other => other,
    };
    digits.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Judges the certificates of agents: by the authorities that hold, and by who is an agent now.
#[derive(Debug)]
struct Verifier {
    authorities: Arc<dyn ClientCertVerifier>,
    app: Known,
}

/// Who is an agent now.
struct Known(Weak<App>);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}

impl Verifier {
    fn new(current: &Current, app: &Arc<App>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(current.set.authorities().into_iter().map(CertificateDer::from));
        let provider = Arc::new(ring::default_provider());
        let authorities = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            // Who shows none can join and be certified, and nothing else (`api/call.rs`).
            .allow_unauthenticated()
            .build()
            .map_err(|error| Error::Internal(format!("the authorities cannot judge: {error}")))?;
        Ok(Self { authorities, app: Known(Arc::downgrade(app)) })
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        self.authorities.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.authorities.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authorities.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let verified = self.authorities.verify_client_cert(end_entity, intermediates, now)?;
        let shown = shown(end_entity).ok_or(TlsError::InvalidCertificate(CertificateError::BadEncoding))?;
        let app = self.app.0.upgrade();
        let status = app.and_then(|app| app.fleet.read().agent_by_id(shown.agent).map(|agent| agent.status));
        match status {
            None | Some(AgentStatus::Revoked) => Err(TlsError::InvalidCertificate(CertificateError::Revoked)),
            Some(_) => Ok(verified),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.authorities.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.authorities.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Tells when files may have changed; the kernel says so.
struct Watch {
    folders: Vec<PathBuf>,
    told: Option<Receiver>,
}

impl Watch {
    fn of(source: &Source) -> Self {
        let Source::Files { cert, key } = source else { return Self { folders: Vec::new(), told: None } };
        // The folders, since files are replaced; of links also those that they lead to.
        let folder = |path: &PathBuf| path.parent().map(Path::to_owned);
        let real = |path: &PathBuf| path.canonicalize().ok().as_ref().and_then(folder);
        let folders = [cert, key].into_iter().flat_map(|path| [folder(path), real(path)]).flatten();
        let folders = folders.map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder });
        let mut watch = Self { folders: folders.collect(), told: None };
        if let Err(error) = watch.begin() {
            tracing::warn!(%error, "changes of the certificate's files will only be seen at a start");
        }
        watch
    }

    fn begin(&mut self) -> io::Result<()> {
        let events = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let told = Receiver::from_owned_fd_unchecked(events)?;
        let changes = inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::ATTRIB
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::ONLYDIR;
        for folder in &self.folders {
            // A folder that cannot be opened says so better than the kernel does.
            File::open(folder)?;
            inotify::add_watch(&told, folder, changes)?;
        }
        self.told = Some(told);
        Ok(())
    }

    /// Waits for a change; for ever where nothing is watched.
    async fn changed(&mut self) {
        let Some(told) = &mut self.told else { return std::future::pending().await };
        if told.readable().await.is_err() {
            return std::future::pending().await;
        }
        sleep(SETTLE).await;
        let mut events = [0; 4096];
        while told.try_read(&mut events).is_ok() {}
    }
}
