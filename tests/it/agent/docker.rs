//! A real container engine: containers of a tiny image, removed when the test ends.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

pub(crate) const IMAGE: &str = "worpen-test/busybox:latest";

/// Runs Docker's own command line, as an operator on the node would.
pub(crate) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whether there is an engine; makes the image when it is missing. Says so when there is none.
pub(crate) fn is_here() -> bool {
    let answers = Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success());
    if !answers {
        crate::support::absent("Docker");
        return false;
    }
    let known = Command::new("docker").args(["image", "inspect", IMAGE]).output().unwrap().status.success();
    if !known {
        import();
    }
    true
}

/// Makes the image of the host's static busybox.
fn import() {
    let script = "cd \"$(mktemp -d)\" && mkdir -p bin && cp \"$(command -v busybox)\" bin/ \
                  && for tool in sh sleep true false; do ln -s busybox bin/$tool; done && tar c bin";
    let tar = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(tar.status.success(), "busybox-static is needed: {}", String::from_utf8_lossy(&tar.stderr));
    let mut import = Command::new("docker")
        .args(["import", "-", IMAGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&tar.stdout).unwrap();
    assert!(import.wait().unwrap().success());
}

/// Where the engine listens.
pub(crate) fn socket() -> String {
    std::env::var("DOCKER_HOST").unwrap_or_else(|_| "/var/run/docker.sock".into())
}

/// A socket of our own in front of the engine's, so that the engine can go and come back.
pub(crate) struct Doorway {
    path: PathBuf,
    carrying: Option<JoinHandle<()>>,
}

impl Doorway {
    pub(crate) fn open(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let engine = socket().trim_start_matches("unix://").to_owned();
        let carrying = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = UnixStream::connect(&engine).await.unwrap();
                connections.spawn(async move { copy_bidirectional(&mut near, &mut far).await.is_ok() });
            }
        });
        Self { path: path.to_owned(), carrying: Some(carrying) }
    }

    /// Breaks every connection and takes the socket away.
    pub(crate) async fn close(mut self) {
        fs::remove_file(&self.path).unwrap();
        let carrying = self.carrying.take().unwrap();
        carrying.abort();
        assert!(carrying.await.unwrap_err().is_cancelled());
    }
}

/// A container of this test.
pub(crate) struct Container {
    pub(crate) id: String,
}

impl Container {
    /// One that runs until it is told to stop, and then stops at once.
    pub(crate) fn obedient() -> Self {
        Self::run("trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done")
    }

    /// One that does not heed its stop signal.
    pub(crate) fn stubborn() -> Self {
        Self::run("trap '' TERM; while true; do sleep 1; done")
    }

    /// One that ends at once with this exit code, and whose removal is the engine's own affair.
    pub(crate) fn brief(exit_code: u8) -> Self {
        let script = format!("exit {exit_code}");
        let arguments = ["create", "--rm", "--label", "worpen.test=1", IMAGE, "/bin/sh", "-c", &script];
        Self { id: docker(&arguments) }
    }

    /// One that runs a script.
    pub(crate) fn run(script: &str) -> Self {
        let id = docker(&["run", "-d", "--label", "worpen.test=1", IMAGE, "/bin/sh", "-c", script]);
        Self { id }
    }

    /// What the engine says that it does; `None` when it is gone.
    pub(crate) fn state(&self) -> Option<String> {
        let output =
            Command::new("docker").args(["inspect", "-f", "{{.State.Status}}", &self.id]).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// When it was last started, as the engine writes it.
    pub(crate) fn started_at(&self) -> String {
        docker(&["inspect", "-f", "{{.State.StartedAt}}", &self.id])
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _output = Command::new("docker").args(["rm", "-f", &self.id]).output();
    }
}
