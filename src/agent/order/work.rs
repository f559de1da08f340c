//! What an order asks for: its verb and arguments, read into types. An argument that the verb does not have is refused,
//! not passed over.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::{
    agent::verbs::{Task, Verbs},
    core::{
        command::{
            DOCKER_EXEC, DOCKER_INSPECT, DOCKER_LOGS, DOCKER_PRUNE, DOCKER_PS, DOCKER_PULL, DOCKER_RESTART,
            DOCKER_RM, DOCKER_RUN, DOCKER_START, DOCKER_STATS, DOCKER_STOP, EXEC,
        },
        container::is_name,
        image::is_reference,
        verb::built_in,
    },
    infra::docker::run,
    proto::{
        envelope::CommandOrder,
        verb::{
            ContainerArgs, DockerExecArgs, DockerLogsArgs, DockerPruneArgs, DockerPsArgs, DockerPullArgs,
            DockerRemoveArgs, DockerRunArgs, DockerStopArgs, Effect, ExecArgs,
        },
    },
};

/// What an order asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Work {
    /// To do something: its end is told whatever becomes of the link.
    Act(Act),
    /// To tell something now: not journalled, and over when the link is.
    Question(Question),
}

/// What is asked of the container engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Question {
    /// A container's log.
    Logs(DockerLogsArgs),
    /// What a container uses.
    Stats(ContainerArgs),
    /// What the engine knows of a container.
    Inspect(ContainerArgs),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Act {
    /// Run a program on the node.
    Exec(Box<ExecArgs>),
    /// List containers.
    List(DockerPsArgs),
    /// Describe a container.
    Inspect(ContainerArgs),
    /// Print a container's log.
    Logs(DockerLogsArgs),
    /// Measure a container.
    Stats(ContainerArgs),
    /// Run a program in a container.
    ExecInside(Box<DockerExecArgs>),
    /// Make a container and start it.
    Run(Box<DockerRunArgs>),
    /// Start a container.
    Start(ContainerArgs),
    /// Stop it.
    Stop(DockerStopArgs),
    /// Stop and start it.
    Restart(DockerStopArgs),
    /// Remove it.
    Remove(DockerRemoveArgs),
    /// Bring an image.
    Pull(DockerPullArgs),
    /// Remove what nothing uses.
    Prune(DockerPruneArgs),
    /// Run what this site defined.
    Site(Box<Task>),
}

impl Act {
    /// What it is about, for the log: a program, a container, an image, or nothing in particular.
    pub(in crate::agent) fn subject(&self) -> &str {
        match self {
            Self::Exec(exec) => exec.argv.first().map_or("", String::as_str),
            Self::ExecInside(exec) => &exec.container,
            Self::Run(run) => &run.image,
            Self::Logs(logs) => &logs.container,
            Self::Start(args) | Self::Inspect(args) | Self::Stats(args) => &args.container,
            Self::Stop(stop) | Self::Restart(stop) => &stop.container,
            Self::Remove(remove) => &remove.container,
            Self::Pull(pull) => &pull.image,
            Self::Site(task) => &task.program,
            Self::Prune(_) | Self::List(_) => "",
        }
    }

    /// What it does to the node.
    pub(in crate::agent) fn effect(&self) -> Effect {
        match self {
            Self::Site(task) => task.effect,
            ours => built_in(ours.verb()).map_or(Effect::Acts, |verb| verb.effect),
        }
    }

    /// The values that its output must not show.
    pub(in crate::agent) fn secrets(&self) -> Vec<&str> {
        let secret_env = match self {
            Self::Exec(exec) => &exec.secret_env,
            Self::ExecInside(exec) => &exec.secret_env,
            Self::Run(run) => &run.secret_env,
            Self::Site(task) => return task.secrets.iter().map(String::as_str).collect(),
            _ => return Vec::new(),
        };
        secret_env.values().map(String::as_str).collect()
    }

    /// Its verb, if it comes with Worpen.
    const fn verb(&self) -> &'static str {
        match self {
            Self::Exec(_) => EXEC,
            Self::List(_) => DOCKER_PS,
            Self::Inspect(_) => DOCKER_INSPECT,
            Self::Logs(_) => DOCKER_LOGS,
            Self::Stats(_) => DOCKER_STATS,
            Self::ExecInside(_) => DOCKER_EXEC,
            Self::Run(_) => DOCKER_RUN,
            Self::Start(_) => DOCKER_START,
            Self::Stop(_) => DOCKER_STOP,
            Self::Restart(_) => DOCKER_RESTART,
            Self::Remove(_) => DOCKER_RM,
            Self::Pull(_) => DOCKER_PULL,
            Self::Prune(_) => DOCKER_PRUNE,
            Self::Site(_) => "",
        }
    }
}

/// Reads what an order asks.
pub(super) fn read(order: &CommandOrder, verbs: &Verbs) -> Result<Work, Refusal> {
    if order.is_question {
        return question(order).map(Work::Question);
    }
    let act = match verbs.get(&order.verb) {
        Some(defined) => Act::Site(Box::new(defined.task(order).map_err(|why| bad(order, why.into()))?)),
        None => act(order)?,
    };
    Ok(Work::Act(act))
}

fn question(order: &CommandOrder) -> Result<Question, Refusal> {
    let question = match order.verb.as_str() {
        DOCKER_LOGS => Question::Logs(arguments(order)?),
        DOCKER_STATS => Question::Stats(arguments(order)?),
        DOCKER_INSPECT => Question::Inspect(arguments(order)?),
        other => return Err(Refusal::NotAQuestion(other.to_owned())),
    };
    let (Question::Logs(DockerLogsArgs { container, .. })
    | Question::Stats(ContainerArgs { container })
    | Question::Inspect(ContainerArgs { container })) = &question;
    require(order, is_name(container), NOT_A_CONTAINER)?;
    Ok(question)
}

const NOT_A_CONTAINER: &str = "'container' is neither an id nor a name";

fn act(order: &CommandOrder) -> Result<Act, Refusal> {
    let act = match order.verb.as_str() {
        EXEC => Act::Exec(arguments(order)?),
        DOCKER_PS => Act::List(arguments(order)?),
        DOCKER_INSPECT => Act::Inspect(arguments(order)?),
        DOCKER_LOGS => Act::Logs(arguments(order)?),
        DOCKER_STATS => Act::Stats(arguments(order)?),
        DOCKER_EXEC => Act::ExecInside(arguments(order)?),
        DOCKER_RUN => Act::Run(arguments(order)?),
        DOCKER_START => Act::Start(arguments(order)?),
        DOCKER_STOP => Act::Stop(arguments(order)?),
        DOCKER_RESTART => Act::Restart(arguments(order)?),
        DOCKER_RM => Act::Remove(arguments(order)?),
        DOCKER_PULL => Act::Pull(arguments(order)?),
        DOCKER_PRUNE => Act::Prune(arguments(order)?),
        other => return Err(Refusal::UnknownVerb(other.to_owned())),
    };
    match &act {
        Act::Exec(exec) => {
            let folder = exec.folder.as_deref().is_none_or(|folder| folder.starts_with('/'));
            require(order, folder, "'folder' does not begin with a slash")?;
            program(order, &exec.argv)?;
            variables(order, [&exec.env, &exec.secret_env])?;
            input(exec.stdin.as_deref(), exec.stdin_base64.as_deref())
                .map(drop)
                .map_err(|why| bad(order, why.into()))?;
        }
        Act::ExecInside(exec) => {
            require(order, is_name(&exec.container), NOT_A_CONTAINER)?;
            program(order, &exec.argv)?;
            variables(order, [&exec.env, &exec.secret_env])?;
            input(exec.stdin.as_deref(), exec.stdin_base64.as_deref())
                .map(drop)
                .map_err(|why| bad(order, why.into()))?;
        }
        Act::Run(run) => container(order, run)?,
        Act::Pull(pull) => require(order, is_reference(&pull.image), NOT_AN_IMAGE)?,
        Act::Prune(_) | Act::List(_) => {}
        other => require(order, is_name(other.subject()), NOT_A_CONTAINER)?,
    }
    Ok(act)
}

const NOT_AN_IMAGE: &str = "'image' is not a reference of an image";

fn program(order: &CommandOrder, argv: &[String]) -> Result<(), Refusal> {
    require(order, argv.first().is_some_and(|program| !program.is_empty()), "'argv' names no program")?;
    require(order, argv.iter().all(|word| !word.contains('\0')), "'argv' holds a zero byte")
}

fn variables<const N: usize>(
    order: &CommandOrder,
    groups: [&BTreeMap<String, String>; N],
) -> Result<(), Refusal> {
    let is_variable = |(name, value): (&String, &String)| {
        !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
    };
    let fine = groups.into_iter().flatten().all(is_variable);
    require(order, fine, "'env' and 'secret_env' need names without '=', and no zero bytes")
}

fn container(order: &CommandOrder, args: &DockerRunArgs) -> Result<(), Refusal> {
    require(order, is_reference(&args.image), NOT_AN_IMAGE)?;
    require(order, args.name.as_deref().is_none_or(is_name), "'name' is no name of a container")?;
    variables(order, [&args.env, &args.secret_env])?;
    run::check(args).map_err(|why| bad(order, why.into()))
}

/// What a program reads from its standard input.
pub(in crate::agent) fn input(
    text: Option<&str>,
    base64: Option<&str>,
) -> Result<Option<Vec<u8>>, &'static str> {
    match (text, base64) {
        (Some(_), Some(_)) => Err("'stdin' and 'stdin_base64' exclude each other"),
        (Some(text), None) => Ok(Some(text.as_bytes().to_vec())),
        (None, Some(base64)) => STANDARD.decode(base64).map(Some).map_err(|_| "'stdin_base64' is no base64"),
        (None, None) => Ok(None),
    }
}

fn require(order: &CommandOrder, holds: bool, why: &'static str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(bad(order, why.into())) }
}

fn arguments<T: DeserializeOwned>(order: &CommandOrder) -> Result<T, Refusal> {
    if !order.args.is_object() {
        return Err(bad(order, "they are not an object".into()));
    }
    T::deserialize(&order.args).map_err(|error| bad(order, error.to_string().into()))
}

fn bad(order: &CommandOrder, detail: Cow<'static, str>) -> Refusal {
    Refusal::BadArguments { verb: order.verb.clone(), detail }
}
