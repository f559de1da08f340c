//! Programs that run in containers, and what they print.

use std::pin::Pin;

use bollard::{
    container::LogOutput,
    errors::Error,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWrite;

use super::{Engine, EngineError, answer};
use crate::proto::{output::LogStream, verb::DockerExecArgs};

/// How much is read from the engine at a time.
const READ_BYTES: usize = 64 * 1024;

/// What a program prints, until it ends.
pub type Printing = Pin<Box<dyn Stream<Item = Result<(LogStream, Bytes), EngineError>> + Send>>;

/// A program that runs in a container.
pub struct Inside {
    /// How the engine calls it.
    pub id: String,
    /// What it prints.
    pub output: Printing,
    /// What it reads.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// How a program in a container stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InsideState {
    /// Its exit code, once it ended.
    pub exit_code: Option<i64>,
    /// Its process, by the engine's host; `None` before its start.
    pub pid: Option<i32>,
    /// Whether it runs.
    pub is_running: bool,
}

impl Engine {
    /// Readies a program in a running container; nothing runs yet.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn prepare(&self, args: &DockerExecArgs, stdin: bool) -> Result<String, EngineError> {
        let variables =
            args.env.iter().chain(&args.secret_env).map(|(name, value)| format!("{name}={value}"));
        let options = CreateExecOptions {
            attach_stdin: Some(stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: Some(variables.collect()),
            cmd: Some(args.argv.clone()),
            user: args.user.clone(),
            working_dir: args.folder.clone(),
            ..CreateExecOptions::<String>::default()
        };
        Ok(answer(self.docker.create_exec(&args.container, options)).await?.id)
    }

    /// Starts a program that was readied.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn enter(&self, exec: String) -> Result<Inside, EngineError> {
        let options = StartExecOptions { detach: false, tty: false, output_capacity: Some(READ_BYTES) };
        match answer(self.docker.start_exec(&exec, Some(options))).await? {
            StartExecResults::Attached { output, input } => {
                Ok(Inside { id: exec, output: printing(output), input })
            }
            StartExecResults::Detached => {
                Err(EngineError::Unreadable("the engine gave no output of the program"))
            }
        }
    }

    /// Says how a program in a container stands.
    ///
    /// # Errors
    /// Says in the engine's words why that is not known.
    pub async fn inside(&self, exec: &str) -> Result<InsideState, EngineError> {
        let inspected = answer(self.docker.inspect_exec(exec)).await?;
        Ok(InsideState {
            exit_code: inspected.exit_code,
            pid: inspected.pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0),
            is_running: inspected.running.unwrap_or(false),
        })
    }
}

/// The engine's messages by their streams. A container with a terminal has one stream.
pub(super) fn printing(output: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>) -> Printing {
    Box::pin(output.map(|message| {
        Ok(match message? {
            LogOutput::StdErr { message } => (LogStream::Stderr, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (LogStream::Stdout, message)
            }
        })
    }))
}
