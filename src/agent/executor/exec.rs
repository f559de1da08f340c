//! Programs on the node: started without a shell, read as they print, ended with all that they started.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep_until},
};

use super::{
    account::{self, Account},
    done::{Cut, Done, Limits},
};
use crate::{agent::output::Recorder, proto::output::LogStream};

/// How long a program has between the signal that asks it to end and the one that ends it.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How long something may hold the output of a program that ended.
const LINGER: Duration = Duration::from_secs(2);
/// How long the last of a group may take to go after the first went.
const MOMENT: Duration = Duration::from_millis(50);
/// What a program prints is read into a buffer of this size, which grows while it is filled.
const BUFFER_BYTES: (usize, usize) = (4 * 1024, 64 * 1024);

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LANG: &str = "C.UTF-8";

/// A program to run.
pub(in crate::agent) struct Program<'a> {
    /// The program and its arguments.
    pub(in crate::agent) argv: &'a [String],
    /// Variables beside the small environment that every program has.
    pub(in crate::agent) env: &'a [&'a BTreeMap<String, String>],
    /// The folder that it runs in.
    pub(in crate::agent) folder: &'a str,
    /// Whom it runs as; the agent's own account unless told.
    pub(in crate::agent) user: Option<&'a str>,
    /// What it reads.
    pub(in crate::agent) stdin: Option<Vec<u8>>,
}

impl Program<'_> {
    /// Runs it to its end, whatever that is.
    pub(in crate::agent) async fn run(self, limits: &Limits, recorder: &mut Recorder) -> Done {
        let mut command = match self.command() {
            Ok(command) => command,
            Err(why) => return Done::not_begun(why),
        };
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Done::not_begun(format!("'{}' cannot be started: {error}", self.argv[0])),
        };
        let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            return Done::failed("the system does not say which process was started");
        };
        watch(child, Group { pid: group, is_over: false }, self.stdin, limits, recorder).await
    }

    fn command(&self) -> Result<Command, String> {
        let account = match self.user {
            Some(user) => Some(
                account::find(user)
                    .map_err(|error| format!("the accounts of this node cannot be read: {error}"))?
                    .ok_or_else(|| format!("this node has no user '{user}'"))?,
            ),
            None => None,
        };
        if !Path::new(self.folder).is_dir() {
            return Err(format!("this node has no folder '{}'", self.folder));
        }
        let own = account.clone().or_else(account::own);
        let environment = environment(own.as_ref(), self.env);
        let program =
            locate(&self.argv[0], self.folder, environment.get("PATH").map_or(PATH, String::as_str))?;
        let mut command = Command::new(program);
        command
            .arg0(&self.argv[0])
            .args(&self.argv[1..])
            .env_clear()
            .envs(&environment)
            .current_dir(self.folder)
            .process_group(0)
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // The other groups of whoever runs the agent are dropped with its uid (std::os::unix::process::CommandExt::uid).
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
        Ok(command)
    }
}

fn environment(account: Option<&Account>, more: &[&BTreeMap<String, String>]) -> BTreeMap<String, String> {
    let (home, user) = account.map_or(("/", ""), |account| (&account.home, &account.name));
    let own = [("PATH", PATH), ("LANG", LANG), ("HOME", home), ("USER", user)];
    let mut variables: BTreeMap<String, String> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for group in more {
        variables.extend((*group).clone());
    }
    variables
}

/// Finds a program, so that one that is missing is told from a folder that is.
fn locate(program: &str, folder: &str, path: &str) -> Result<PathBuf, String> {
    let is_program = |file: &Path| {
        fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        let file = Path::new(folder).join(program);
        return if is_program(&file) {
            Ok(file)
        } else {
            Err(format!("this node has no program '{program}'"))
        };
    }
    path.split(':')
        .map(|place| Path::new(place).join(program))
        .find(|file| file.is_absolute() && is_program(file))
        .ok_or_else(|| format!("this node has no program '{program}' in {path}"))
}

/// The process group of a program. It does not outlive the task that watches it.
struct Group {
    pid: Pid,
    is_over: bool,
}

impl Group {
    fn signal(&self, signal: Signal) {
        // One that is gone needs none.
        let _ = kill_process_group(self.pid, signal);
    }

    fn lives(&self) -> bool {
        test_kill_process_group(self.pid).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_over {
            self.signal(Signal::KILL);
        }
    }
}

/// Reads what a program prints until it ended, and ends it when its limits say so.
async fn watch(
    mut child: Child,
    mut group: Group,
    stdin: Option<Vec<u8>>,
    limits: &Limits,
    recorder: &mut Recorder,
) -> Done {
    let feeding = feed(child.stdin.take(), stdin);
    tokio::pin!(feeding);
    let mut stdout = Source::new(child.stdout.take(), LogStream::Stdout);
    let mut stderr = Source::new(child.stderr.take(), LogStream::Stderr);
    let (mut fed, mut ended, mut cut) = (false, None, None);
    let (mut kill_at, mut leave_at) = (None, None);
    while ended.is_none() || !stdout.is_over() || !stderr.is_over() {
        tokio::select! {
            biased;
            reason = limits.cut(), if cut.is_none() && ended.is_none() => {
                cut = Some(reason);
                group.signal(Signal::TERM);
                kill_at = Some(Instant::now() + GRACE);
            }
            () = at(kill_at) => {
                group.signal(Signal::KILL);
                kill_at = None;
            }
            () = at(leave_at) => break,
            () = recorder.due() => recorder.flush().await,
            status = child.wait(), if ended.is_none() => {
                ended = Some(status);
                leave_at = Some(kill_at.unwrap_or_else(Instant::now) + LINGER);
            }
            () = stdout.read() => stdout.pass(recorder).await,
            () = stderr.read() => stderr.pass(recorder).await,
            () = &mut feeding, if !fed => fed = true,
        }
    }
    if cut.is_some() {
        end(&group, kill_at).await;
    }
    group.is_over = true;
    let is_held = !stdout.is_over() || !stderr.is_over();
    match ended {
        Some(Ok(status)) => done(status, cut, is_held, limits),
        Some(Err(error)) => Done::failed(format!("how the program ended cannot be told: {error}")),
        None => Done::failed("how the program ended cannot be told"),
    }
}

/// Ends what is left of a group whose leader went.
async fn end(group: &Group, kill_at: Option<Instant>) {
    if let Some(kill_at) = kill_at
        && group.lives()
    {
        sleep_until(kill_at.min(Instant::now() + MOMENT)).await;
        if group.lives() {
            sleep_until(kill_at).await;
        }
    }
    if group.lives() {
        group.signal(Signal::KILL);
    }
}

fn done(status: ExitStatus, cut: Option<Cut>, is_held: bool, limits: &Limits) -> Done {
    let (mut result, why) = told(status);
    if is_held && let Some(result) = result.as_object_mut() {
        result.insert("output_held".to_owned(), Value::Bool(true));
    }
    match cut {
        Some(cut) => Done::cut(cut, limits, "it and what it started were ended").with(result),
        None if status.success() => Done::succeeded(result),
        None => Done::failed(why).with(result),
    }
}

/// How a program ended, for programs and for people.
fn told(status: ExitStatus) -> (Value, String) {
    match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
        (Some(code), _) => (json!({ "exit_code": code }), format!("exit code {code}")),
        (None, Some(signal)) => (json!({ "signal": signal }), format!("ended by signal {signal}")),
        (None, None) => (json!({}), status.to_string()),
    }
}

/// Gives a program what it reads; one that reads less is none the worse.
async fn feed(pipe: Option<ChildStdin>, bytes: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
        let _ = pipe.write_all(&bytes).await;
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// One stream of a program.
struct Source<R> {
    reader: Option<R>,
    stream: LogStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl<R: AsyncRead + Unpin> Source<R> {
    fn new(reader: Option<R>, stream: LogStream) -> Self {
        Self { reader, stream, buffer: vec![0; BUFFER_BYTES.0], filled: 0 }
    }

    const fn is_over(&self) -> bool {
        self.reader.is_none()
    }

    /// Reads what is there; waits for ever once it is over.
    async fn read(&mut self) {
        let Some(reader) = self.reader.as_mut() else { return std::future::pending().await };
        match reader.read(&mut self.buffer).await {
            Ok(read) if read > 0 => self.filled = read,
            _ => self.reader = None,
        }
    }

    /// Passes on what was read.
    async fn pass(&mut self, recorder: &mut Recorder) {
        recorder.take(self.stream, &self.buffer[..self.filled]);
        if self.filled == self.buffer.len() && self.filled < BUFFER_BYTES.1 {
            self.buffer.resize(self.filled * 2, 0);
        }
        self.filled = 0;
        if recorder.is_full() {
            recorder.flush().await;
        }
    }
}
