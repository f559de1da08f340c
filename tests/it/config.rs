//! Settings as a person meets them: the file, the variables, and what `worpen config` says about both.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a file of settings, and an environment with nothing else in it.
struct Machine(TempDir);

/// A run that ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Machine {
    /// A machine whose `worpen.toml` says this.
    fn with(settings: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::write(machine.file(), settings).unwrap();
        machine
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.folder().join("worpen.toml")
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worpen"));
        command.args(arguments).env_clear().env("HOME", self.folder()).env("WORPEN_CONFIG", self.file());
        command.envs(variables.iter().copied()).current_dir(self.folder());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = self.command(arguments, variables).output().unwrap();
        let text =
            |bytes| String::from_utf8(bytes).unwrap().replace(self.folder().to_str().unwrap(), "FOLDER");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_check_tells_all_that_is_wrong_and_ends_with_2() {
    let machine = Machine::with(
        "[server]\nprot = 3000\ncors_origins = [\"*\"]\n\n[command]\ncommand_timeout = \"60\"\n\n[sever]\n",
    );
    let variables =
        [("AGENT_HEARTBEAT_INTERVAL", "0"), ("JWT_SECRET", "change-me-in-production-please-do-it")];
    let ran = machine.run(&["config", "check"], &variables);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    insta::assert_snapshot!("check", ran.err);
}

#[test]
fn a_good_file_passes_and_what_has_no_effect_is_warned_of() {
    let machine =
        Machine::with("[server]\nport = 3001\nworkers = 4\n\n[redis]\nurl = \"redis://localhost\"\n");
    let ran = machine.run(&["config", "check"], &[("WORPEN_SERVER_PROT", "1")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    insta::assert_snapshot!("check with warnings", ran.err);
    assert_eq!(Machine::with("").run(&["config", "check"], &[]).code, Some(0), "an empty file is fine");
}

#[test]
fn a_file_that_is_named_must_be_there_and_one_in_the_working_folder_is_not_read() {
    let machine = Machine::with("[server]\nport = 3001\n");
    let ran = machine.run(&["config", "check", "--config", "missing.toml"], &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("cannot read missing.toml"), "{}", ran.err);
    let unasked = machine.run(&["config", "show"], &[("WORPEN_CONFIG", "")]);
    assert!(!unasked.out.contains("3001"), "{}", unasked.out);
}

#[test]
fn show_tells_each_value_and_where_it_came_from() {
    let secret = "0123456789abcdef0123456789abcdef";
    let machine = Machine::with("[server]\nport = 3001\nworkers = 4\n\n[logging]\nlevel = \"warn\"\n");
    let variables = [("JWT_SECRET", secret), ("RUST_LOG", "worpen=debug"), ("WORPEN_DATA", "/srv/worpen")];
    let ran = machine.run(&["config", "show"], &variables);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "the secret is shown");
    insta::assert_snapshot!("show", ran.out);

    let ran = machine.run(&["config", "show", "-o", "json"], &variables);
    let shown: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let of = |key: &str| shown.iter().find(|entry| entry["key"] == key).unwrap();
    assert_eq!(of("server.port")["value"], 3001);
    assert_eq!(of("server.port")["from"], "FOLDER/worpen.toml:2");
    assert_eq!((&of("server.workers")["used"], &of("server.port")["used"]), (&false.into(), &true.into()));
    assert_eq!(of("logging.level")["from"], "RUST_LOG");
    assert_eq!(of("security.jwt_secret")["value"], "***");
}

#[test]
fn a_server_does_not_start_on_unsafe_settings() {
    for (settings, key) in [
        ("[server]\ncors_origins = [\"*\"]\n", "server.cors_origins"),
        ("[security]\njwt_secret = \"change-me-in-production\"\n", "security.jwt_secret"),
        ("[database]\nurl = \"postgresql://localhost/worpen\"\n", "database.url"),
        ("[security]\nbackend_certificate_path = \"backend.crt\"\n", "security.backend_certificate_path"),
    ] {
        let machine = Machine::with(settings);
        let ran = machine.run(&["server", "--listen", "127.0.0.1:0", "--data", "data"], &[]);
        assert_eq!(ran.code, Some(2), "{settings}");
        assert!(ran.err.contains(key), "{}", ran.err);
        assert!(!machine.folder().join("data").exists(), "nothing was made");
    }
}

#[test]
fn a_server_listens_and_logs_where_its_file_says() {
    let machine = Machine::with(
        "[server]\nport = 0\ndata = \"data\"\n\n[agent_management]\nport = 0\n\n\
         [logging]\nlevel = \"debug\"\nformat = \"json\"\noutput = \"./server.log\"\nmax_file_size = 4096\nmax_files = 2\n",
    );
    let mut server = Process(machine.command(&["server"], &[]).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert!(ready["server"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{ready}");
    assert!(machine.folder().join("data/worpen.db").exists());

    // Every answer is a line of about 200 bytes, written before the caller has it.
    let address = ready["server"].as_str().unwrap().trim_start_matches("http://").to_owned();
    for _ in 0..60 {
        get_health(&address);
    }
    let size = |name: &str| fs::metadata(machine.folder().join(name)).map(|file| file.len());
    assert!((1..=4096).contains(&size("server.log").unwrap()));
    assert!((1..=4096).contains(&size("server.log.1").unwrap()));
    assert!(size("server.log.2").is_err(), "two files are kept");
    let log = fs::read_to_string(machine.folder().join("server.log.1")).unwrap();
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
}

#[test]
fn a_log_that_cannot_be_written_stops_the_start() {
    let machine = Machine::with("[logging]\noutput = \"/nonexistent/server.log\"\n");
    let ran = machine.run(&["server", "--listen", "127.0.0.1:0", "--data", "data"], &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("cannot write the log to") && ran.err.contains("/nonexistent"), "{}", ran.err);
}

/// Asks for the server's health and reads the answer to its end.
fn get_health(address: &str) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
