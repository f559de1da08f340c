//! A person's machine: a home of its own, an environment with nothing else in it, and the program.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use super::stub::Stub;

/// The token that every run signs in with; it must never be printed.
pub(super) const TOKEN: &str = "wpk_never_to_be_seen";

pub(super) struct Terminal {
    home: tempfile::TempDir,
    server: Option<String>,
}

/// A run that ended.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Terminal {
    /// A machine that is signed in to the stub.
    pub(super) fn of(stub: &Stub) -> Self {
        Self { server: Some(stub.url()), ..Self::bare() }
    }

    /// A machine that knows of no server.
    pub(super) fn bare() -> Self {
        Self { home: tempfile::tempdir().unwrap(), server: None }
    }

    /// Where the contexts are kept.
    pub(super) fn contexts(&self) -> PathBuf {
        self.home.path().join("contexts.toml")
    }

    /// Puts a file beside the contexts, which only its owner reads.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs with something piped in.
    pub(super) fn run_with(&self, arguments: &[&str], piped: &str) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        child.stdin.take().unwrap().write_all(piped.as_bytes()).unwrap();
        ended(child)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worpen"));
        command.args(arguments).env_clear().env("WORPEN_CONFIG_DIR", self.home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(server) = &self.server {
            command.env("WORPEN_SERVER", server).env("WORPEN_TOKEN", TOKEN);
        }
        command
    }
}

/// Waits for the end; whatever was run, the token is in neither stream.
pub(super) fn ended(child: Child) -> Ran {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) };
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "the token is shown");
    ran
}
