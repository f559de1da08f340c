//! How each act is done: programs here, the rest by the container engine.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::cause::chain,
    Executor,
    done::{Done, Limits},
    exec::Program,
};
use crate::{
    agent::{
        order::{Act, input},
        output::Recorder,
        verbs::Task,
    },
    infra::docker::{Engine, EngineError},
    proto::{
        container::ContainerState,
        envelope::CommandOrder,
        event::EventKind,
        link::AgentFrame,
        output::{Part, Progress},
        verb::ExecArgs,
    },
};

/// How long a result waits for the engine's event of the same act.
pub(super) const EVENT_FIRST: Duration = Duration::from_millis(300);
/// Progress is told no more often than this; an engine tells it hundreds of times a second.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// How large a result may be; it travels in one frame.
const MAX_RESULT_BYTES: usize = 2 * 1024 * 1024;
/// Said of what the engine was asked to do when it is no longer waited for.
const GOES_ON: &str = "the engine may still finish it";

/// What may become of a container, and the seconds of grace that it is given.
#[derive(Clone, Copy)]
enum Steer {
    Start,
    Stop(Option<u32>),
    Restart(Option<u32>),
    Remove { force: bool },
}

impl Executor {
    /// Does it; what goes wrong is told in the engine's or the system's own words.
    pub(super) async fn act(
        &self,
        order: &CommandOrder,
        act: &Act,
        limits: &Limits,
        recorder: &mut Recorder,
    ) -> Done {
        if let Act::Exec(exec) = act {
            return execute(exec, limits, recorder).await;
        }
        if let Act::Site(task) = act {
            return run_task(task, limits, recorder).await;
        }
        let Some(engine) = self.presence.borrow().engine.clone() else {
            return Done::not_begun("there is no container engine on this node");
        };
        match act {
            Act::ExecInside(exec) => return self.exec_inside(&engine, exec, limits, recorder).await,
            Act::Run(run) => return self.run_container(&engine, order, run, limits, recorder).await,
            Act::Logs(logs) => return self.logs(&engine, logs, limits, recorder).await,
            _ => {}
        }
        tokio::select! {
            biased;
            done = self.ask(&engine, order, act) => done,
            cut = limits.cut() => Done::cut(cut, limits, GOES_ON),
        }
    }

    /// Does what the engine answers at once, or when it is through.
    async fn ask(&self, engine: &Engine, order: &CommandOrder, act: &Act) -> Done {
        match act {
            Act::List(ps) => told(engine.containers(ps.all).await.map(|list| json!({ "containers": list }))),
            Act::Inspect(args) => told(engine.inspect(&args.container).await.map(Value::Object)),
            Act::Stats(args) => told(engine.stats(&args.container).await.map(|stats| json!(stats))),
            Act::Pull(pull) => self.pull(engine, order, &pull.image).await,
            Act::Prune(prune) => done(engine.prune(prune.all).await.map(|pruned| json!(pruned))),
            Act::Start(args) => self.steer(engine, order, &args.container, Steer::Start).await,
            Act::Stop(stop) => self.steer(engine, order, &stop.container, Steer::Stop(stop.timeout_s)).await,
            Act::Restart(stop) => {
                self.steer(engine, order, &stop.container, Steer::Restart(stop.timeout_s)).await
            }
            Act::Remove(remove) => {
                self.steer(engine, order, &remove.container, Steer::Remove { force: remove.force }).await
            }
            Act::Exec(_) | Act::Site(_) | Act::ExecInside(_) | Act::Run(_) | Act::Logs(_) => {
                Done::not_begun("the engine is not asked for this")
            }
        }
    }

    /// Brings an image, and shows on the way how far it is.
    async fn pull(&self, engine: &Engine, order: &CommandOrder, image: &str) -> Done {
        let mut last: Option<Instant> = None;
        let show = |parts: &[Part]| {
            if last.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
                return;
            }
            last = Some(Instant::now());
            let progress = Progress {
                execution_id: order.execution,
                time: Timestamp::now(),
                subject: image.to_owned(),
                parts: parts.to_vec(),
            };
            // Without a link nobody looks, and then nobody misses it.
            let _ = self.asides.send(AgentFrame::Progress(Box::new(progress)));
        };
        done(engine.pull(image, show).await.map(|pulled| json!(pulled)))
    }

    /// Starts, stops, restarts or removes a container.
    async fn steer(&self, engine: &Engine, order: &CommandOrder, container: &str, how: Steer) -> Done {
        let (id, running) = match engine.look(container).await {
            Ok(found) => found,
            Err(error) => return Done::not_begun(words(error)),
        };
        let mut held = self.claims.hold(&id, order.execution);
        let (changed, last_event) = match how {
            Steer::Start => (!running, engine.start(&id).await.map(|()| EventKind::ContainerStarted)),
            Steer::Stop(grace) => {
                (running, engine.stop(&id, grace).await.map(|()| EventKind::ContainerStopped))
            }
            Steer::Restart(grace) => {
                (true, engine.restart(&id, grace).await.map(|()| EventKind::ContainerRestarted))
            }
            Steer::Remove { force } => {
                (true, engine.remove(&id, force).await.map(|()| EventKind::ContainerRemoved))
            }
        };
        held.settle();
        let last_event = match last_event {
            Ok(event) => event,
            Err(error) => return Done::failed(words(error)),
        };
        if changed {
            held.until_seen(last_event, EVENT_FIRST).await;
        }
        Done::succeeded(json!({"changed": changed, "state": state(engine, &id).await}))
    }
}

/// Runs a program on the node.
async fn execute(args: &ExecArgs, limits: &Limits, recorder: &mut Recorder) -> Done {
    let stdin = match input(args.stdin.as_deref(), args.stdin_base64.as_deref()) {
        Ok(stdin) => stdin,
        Err(why) => return Done::not_begun(why),
    };
    let env: [&BTreeMap<String, String>; 2] = [&args.env, &args.secret_env];
    let program = Program {
        argv: &args.argv,
        env: &env,
        folder: args.folder.as_deref().unwrap_or("/"),
        user: args.user.as_deref(),
        stdin,
    };
    program.run(limits, recorder).await
}

/// Runs a program of the site's. A last line of its output that is a JSON object is its result.
async fn run_task(task: &Task, limits: &Limits, recorder: &mut Recorder) -> Done {
    recorder.note_last_line();
    let (argv, env) = ([task.program.clone()], [&task.env]);
    let program = Program {
        argv: &argv,
        env: &env,
        folder: &task.folder,
        user: task.user.as_deref(),
        stdin: Some(task.stdin.clone().into_bytes()),
    };
    let done = program.run(limits, recorder).await;
    match recorder.last_line().and_then(|line| line.result(&task.secrets)) {
        Some(result) => done.with(result),
        None => done,
    }
}

/// What the container does now; `null` when it is gone.
async fn state(engine: &Engine, id: &str) -> Option<ContainerState> {
    engine.container(id).await.ok().flatten().map(|facts| facts.state)
}

/// The end of an act.
fn done(given: Result<Value, EngineError>) -> Done {
    match given {
        Ok(result) => Done::succeeded(result),
        Err(error) => Done::failed(words(error)),
    }
}

/// The end of a look.
fn told(given: Result<Value, EngineError>) -> Done {
    match given {
        Ok(result) if result.to_string().len() > MAX_RESULT_BYTES => {
            Done::failed(format!("the answer is larger than {MAX_RESULT_BYTES} bytes"))
        }
        Ok(result) => Done::succeeded(result),
        Err(error) => Done::not_begun(words(error)),
    }
}

/// The engine's words, or what stands between it and us.
pub(super) fn words(error: EngineError) -> String {
    match error {
        EngineError::Unreachable(source) => format!("the container engine cannot be reached: {source}"),
        other => chain(&other),
    }
}
