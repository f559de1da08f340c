//! Programs in containers, containers that are made to run one, and what they print.

use std::{fs, time::Duration};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};

use super::{
    Executor,
    act::{EVENT_FIRST, words},
    done::{Cut, Done, Limits},
    exec::GRACE,
    stream::{Flow, pass},
};
use crate::{
    agent::{order::input, output::Recorder},
    infra::docker::{Engine, EngineError, InsideState, Printing, Span},
    proto::{
        envelope::CommandOrder,
        event::EventKind,
        output::LogStream,
        verb::{DockerExecArgs, DockerLogsArgs, DockerRunArgs},
    },
};

/// How long the engine may take to note that a program ended whose output did, look by look.
const LOOKS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(20), Duration::from_millis(200), Duration::from_secs(1)];
/// How long the output of something that was killed may take to end.
const LINGER: Duration = Duration::from_secs(2);

impl Executor {
    /// Runs a program in a container.
    pub(super) async fn exec_inside(
        &self,
        engine: &Engine,
        args: &DockerExecArgs,
        limits: &Limits,
        recorder: &mut Recorder,
    ) -> Done {
        let stdin = match input(args.stdin.as_deref(), args.stdin_base64.as_deref()) {
            Ok(stdin) => stdin,
            Err(why) => return Done::not_begun(why),
        };
        let readied = async {
            let (container, _) = engine.look(&args.container).await?;
            Ok((container, engine.prepare(args, stdin.is_some()).await?))
        };
        let (container, exec) = match readied.await {
            Ok(readied) => readied,
            Err(error) => return Done::not_begun(words(error)),
        };
        let inside = match engine.enter(exec).await {
            Ok(inside) => inside,
            Err(error) => return Done::failed(words(error)),
        };
        let (exec, mut output, mut pipe) = (inside.id, inside.output, inside.input);
        let feeding = async move {
            // A program that does not read to the end is none the worse.
            if let Some(bytes) = stdin
                && pipe.write_all(&bytes).await.is_ok()
            {
                let _ = pipe.shutdown().await;
            }
            // The engine takes an end of this for the end of the program's input.
            std::future::pending::<()>().await;
        };
        let flow = tokio::select! {
            flow = pass(&mut output, limits, recorder) => flow,
            () = feeding => Flow::Over,
        };
        match flow {
            Flow::Over => ended(engine, &exec).await,
            Flow::Broken(error) => Done::failed(words(error)),
            Flow::Cut(cut) => {
                let state = engine.inside(&exec).await.unwrap_or_default();
                let after = end_inside(&container, state, &mut output, recorder).await;
                Done::cut(cut, limits, after)
            }
        }
    }

    /// Makes a container and starts it; attached, runs it to its end.
    pub(super) async fn run_container(
        &self,
        engine: &Engine,
        order: &CommandOrder,
        args: &DockerRunArgs,
        limits: &Limits,
        recorder: &mut Recorder,
    ) -> Done {
        let (id, name) = match engine.create(args).await {
            Ok(made) => made,
            Err(error @ EngineError::Refused { .. }) => return Done::not_begun(words(error)),
            Err(error) => return Done::failed(words(error)),
        };
        let mut held = self.claims.hold(&id, order.execution);
        let started = async {
            let output = if args.attach { Some(engine.attach(&id).await?) } else { None };
            engine.start(&id).await.map(|()| output)
        };
        let output = match started.await {
            Ok(output) => output,
            Err(error) => {
                let after = match engine.remove(&id, true).await {
                    Ok(()) => "the container was removed again".to_owned(),
                    Err(error) => format!("the container {name} remains, since {}", words(error)),
                };
                held.settle();
                return Done::failed(format!("{}; {after}", words(error)));
            }
        };
        let result = json!({ "id": id, "name": name });
        let Some(mut output) = output else {
            held.settle();
            held.until_seen(EventKind::ContainerStarted, EVENT_FIRST).await;
            return Done::succeeded(result);
        };
        let flow = pass(&mut output, limits, recorder).await;
        let done = match flow {
            Flow::Over => exited(engine.exit_code(&id).await, result),
            Flow::Broken(error) => Done::failed(words(error)).with(result),
            Flow::Cut(cut) => stopped(engine, &id, cut, limits, &mut output, recorder).await.with(result),
        };
        if args.remove
            && let Err(error) = engine.remove(&id, true).await
        {
            tracing::warn!(
                container = name,
                error = words(error),
                "a container that should be removed remains"
            );
        }
        held.settle();
        done
    }

    /// Prints a container's log.
    pub(super) async fn logs(
        &self,
        engine: &Engine,
        args: &DockerLogsArgs,
        limits: &Limits,
        recorder: &mut Recorder,
    ) -> Done {
        let (id, _) = match engine.look(&args.container).await {
            Ok(found) => found,
            Err(error) => return Done::not_begun(words(error)),
        };
        let span = Span { tail: args.tail, since: args.since, until: args.until, follow: args.follow };
        let lines = engine.logs(&id, span);
        let mut printing: Printing = Box::pin(lines.map(|line| {
            let mut line = line?;
            if !line.continues {
                line.bytes.push(b'\n');
            }
            Ok::<(LogStream, _), EngineError>((line.stream, line.bytes.into()))
        }));
        match pass(&mut printing, limits, recorder).await {
            Flow::Over => Done::succeeded(json!({})),
            // Who follows follows until then.
            Flow::Cut(Cut::TimedOut) if args.follow => Done::succeeded(json!({})),
            Flow::Cut(cut) => Done::cut(cut, limits, "what was read until then is kept"),
            Flow::Broken(error) => Done::failed(words(error)),
        }
    }
}

/// How a program in a container ended.
async fn ended(engine: &Engine, exec: &str) -> Done {
    for pause in LOOKS {
        sleep(pause).await;
        match engine.inside(exec).await {
            Ok(InsideState { exit_code: Some(code), is_running: false, .. }) => {
                return exited(Ok(code), json!({}));
            }
            Ok(_) => {}
            Err(error) => return exited(Err(error), json!({})),
        }
    }
    Done::failed("its output ended, but the engine says that the program goes on")
}

fn exited(code: Result<i64, EngineError>, mut result: Value) -> Done {
    let code = match code {
        Ok(code) => code,
        Err(error) => return Done::failed(words(error)).with(result),
    };
    result["exit_code"] = code.into();
    if code == 0 { Done::succeeded(result) } else { Done::failed(format!("exit code {code}")).with(result) }
}

/// Stops a container that is cut off.
async fn stopped(
    engine: &Engine,
    id: &str,
    cut: Cut,
    limits: &Limits,
    output: &mut Printing,
    recorder: &mut Recorder,
) -> Done {
    let grace = u32::try_from(GRACE.as_secs()).ok();
    let stopped = tokio::select! {
        stopped = engine.stop(id, grace) => stopped,
        () = rest(output, recorder) => engine.stop(id, grace).await,
    };
    match stopped {
        Ok(()) => Done::cut(cut, limits, "the container was stopped"),
        Err(error) => Done::cut(cut, limits, &format!("the container may go on, since {}", words(error))),
    }
}

/// Ends a program in a container, where it can be reached: the engine itself ends none.
async fn end_inside(
    container: &str,
    state: InsideState,
    output: &mut Printing,
    recorder: &mut Recorder,
) -> &'static str {
    let Some(pid) = state.pid.filter(|_| state.is_running).and_then(Pid::from_raw) else {
        return "the program had ended, or had not begun";
    };
    for (signal, wait) in [(Signal::TERM, GRACE), (Signal::KILL, LINGER)] {
        if !is_of(pid, container) {
            return "the program goes on in the container: its process cannot be told from this node";
        }
        let group = getpgid(Some(pid)).is_ok_and(|group| group == pid);
        let sent = if group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        if sent.is_err() {
            return "the program goes on in the container: this agent may not end it";
        }
        if timeout(wait, rest(output, recorder)).await.is_ok() {
            break;
        }
    }
    "the program was ended"
}

/// Whether a process of this node is one of a container's; another engine's host has others by the same numbers.
fn is_of(pid: Pid, container: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero()))
        .is_ok_and(|groups| groups.contains(container))
}

/// Reads what is still printed.
async fn rest(output: &mut Printing, recorder: &mut Recorder) {
    while let Some(Ok((stream, bytes))) = output.next().await {
        recorder.take(stream, &bytes);
        if recorder.is_full() {
            recorder.flush().await;
        }
    }
}
