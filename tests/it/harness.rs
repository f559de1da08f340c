//! A real server on a free port, in this process, with its data in a folder that goes with it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use worpen::{
    api::app::App,
    config::{server::ServerConfig, transport::Tls},
    proto::user::{CreateUserRequest, Role},
    server::{self, Server},
};

/// A running server.
pub(crate) struct TestServer {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// `https://127.0.0.1:PORT`, where agents are managed.
    pub(crate) agents: String,
    /// What its handlers reach.
    pub(crate) app: Arc<App>,
    /// Its data folder.
    pub(crate) data: PathBuf,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    folder: Arc<TempDir>,
}

impl TestServer {
    /// Starts one on empty data.
    pub(crate) async fn start() -> Self {
        Self::start_with(Duration::from_secs(10)).await
    }

    /// Starts one whose agents speak at this interval.
    pub(crate) async fn start_with(interval: Duration) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), "127.0.0.1:0", interval).await
    }

    /// Starts one on empty data that is told something else.
    pub(crate) async fn start_told(tell: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::start_on(folder, "127.0.0.1:0", Duration::from_secs(10), tell).await
    }

    async fn start_in(folder: Arc<TempDir>, listen: &str, interval: Duration) -> Self {
        Self::start_on(folder, listen, interval, |_| ()).await
    }

    async fn start_on(
        folder: Arc<TempDir>,
        listen: &str,
        interval: Duration,
        tell: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let data = folder.path().join("server");
        let mut config = ServerConfig::resolve(Some(listen), data.clone(), |_| None).unwrap();
        // Enough for whatever a test writes while the disk is full.
        config.ballast_bytes = 1024 * 1024;
        config.agents = "127.0.0.1:0".parse().unwrap();
        config.heartbeat_interval = interval;
        config.telemetry_interval = interval;
        tell(&mut config);
        if config.data != data {
            config.audit_heads = config.data.join("audit-heads.jsonl");
        }
        let data = config.data.clone();
        let shutdown = CancellationToken::new();
        let server = Server::open(&config, shutdown.clone()).await.unwrap();
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let scheme = if config.tls == Tls::Off { "http" } else { "https" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let at_agents = TcpListener::bind(config.agents).await.unwrap();
        let agents = format!("https://{}", at_agents.local_addr().unwrap());
        let server = server.managing_agents_at(at_agents);
        let app = server.app().clone();
        let serving = tokio::spawn(async move { server.serve(listener).await.unwrap() });
        Self { url, agents, app, data, shutdown, serving, folder }
    }

    /// Ends it in good order and starts it again on the same data and port.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| ()).await
    }

    /// Ends it in good order, does something to its data folder, and starts it again on the same port.
    pub(crate) async fn restart_after(self, between: impl FnOnce(&Path)) -> Self {
        let (folder, url, data) = (self.folder.clone(), self.url.clone(), self.data.clone());
        let interval = self.app.settings.heartbeat_interval;
        self.stop().await;
        between(&data);
        Self::start_in(folder, url.trim_start_matches("http://"), interval).await
    }

    /// Ends it in good order and starts it again on the same data, told something else.
    pub(crate) async fn restart_told(self, tell: impl FnOnce(&mut ServerConfig)) -> Self {
        let (folder, url) = (self.folder.clone(), self.url.clone());
        let interval = self.app.settings.heartbeat_interval;
        self.stop().await;
        Self::start_on(folder, url.trim_start_matches("http://"), interval, tell).await
    }

    /// The same where agents are managed at an address of their own.
    pub(crate) async fn restart_managing(self, agents: &str) -> Self {
        let (folder, listen) = (self.folder.clone(), self.url.trim_start_matches("http://").to_owned());
        let (interval, agents) =
            (self.app.settings.heartbeat_interval, agents.trim_start_matches("https://"));
        let agents = agents.parse().unwrap();
        self.stop().await;
        Self::start_on(folder, &listen, interval, |config| config.agents = agents).await
    }

    /// Ends it in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap();
        // The store's lock goes with the last holder of the app.
        let app = Arc::downgrade(&self.app);
        drop(self.app);
        until("every task let go of the server", || app.upgrade().is_none()).await;
        // Whoever was the last may be closing the files still.
        let is_free =
            |name: &str| fs::File::open(self.data.join(name)).is_ok_and(|lock| lock.try_lock().is_ok());
        until("the files are closed", || {
            ["worpen.lock", "telemetry.lock", "output.lock"].into_iter().all(is_free)
        })
        .await;
    }

    /// An API key of the first admin.
    pub(crate) async fn admin(&self) -> String {
        server::issue_key_locally(&self.app, "test").await.unwrap().secret
    }

    /// A signed-in user with this role: a token.
    pub(crate) async fn token(&self, role: Role) -> String {
        let name = format!("test-{role:?}").to_lowercase();
        let password = format!("{name}-password-1");
        let request = CreateUserRequest { username: name.clone(), password: password.clone(), role };
        // An API key lets no admin in.
        let by = if role == Role::Admin { self.signed_in().await } else { self.admin().await };
        let created = http().post(self.at("/api/v1/users")).bearer_auth(by).json(&request).send().await;
        assert!(matches!(created.unwrap().status().as_u16(), 201 | 409));
        self.sign_in(&name, &password).await
    }

    /// The first admin, signed in: a token.
    pub(crate) async fn signed_in(&self) -> String {
        let password = fs::read_to_string(self.data.join("admin-password")).unwrap();
        self.sign_in("admin", password.trim()).await
    }

    async fn sign_in(&self, name: &str, password: &str) -> String {
        let login = serde_json::json!({ "username": name, "password": password });
        let answer = http().post(self.at("/api/v1/auth/login")).json(&login).send().await.unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// The URL of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

/// Waits until something holds; fails when it does not within 20 s.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "waited 20 s in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An HTTP client for loopback, without TLS roots.
pub(crate) fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap()
}
