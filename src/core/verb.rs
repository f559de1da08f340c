//! The verbs that come with Worpen: what each does to its node, and the arguments it takes.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::command::{
    DOCKER_EXEC, DOCKER_INSPECT, DOCKER_LOGS, DOCKER_PRUNE, DOCKER_PS, DOCKER_PULL, DOCKER_RESTART,
    DOCKER_RM, DOCKER_RUN, DOCKER_START, DOCKER_STATS, DOCKER_STOP, EXEC,
};
use crate::proto::verb::{
    ContainerArgs, DockerExecArgs, DockerLogsArgs, DockerPruneArgs, DockerPsArgs, DockerPullArgs,
    DockerRemoveArgs, DockerRunArgs, DockerStopArgs, Effect, ExecArgs,
};

/// A verb that comes with Worpen.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// What it does to its node.
    pub effect: Effect,
    schema: fn() -> Value,
    reads: fn(&Map<String, Value>) -> bool,
}

impl BuiltIn {
    /// The JSON schema of its arguments.
    #[must_use]
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Whether arguments have its form; where not, the schema says why.
    #[must_use]
    pub fn reads(&self, args: &Map<String, Value>) -> bool {
        (self.reads)(args)
    }

    /// Whether it asks the container engine.
    #[must_use]
    pub fn needs_engine(&self) -> bool {
        self.name.starts_with("docker.")
    }
}

/// Every verb that comes with Worpen.
pub const BUILT_IN: [BuiltIn; 13] = [
    verb::<ExecArgs>(EXEC, "runs a program on the node, without a shell", Effect::Acts),
    verb::<DockerPsArgs>(DOCKER_PS, "lists containers as the engine knows them", Effect::Reads),
    verb::<ContainerArgs>(DOCKER_INSPECT, "everything that the engine knows of a container", Effect::Reads),
    verb::<DockerLogsArgs>(DOCKER_LOGS, "a container's log", Effect::Reads),
    verb::<ContainerArgs>(DOCKER_STATS, "what a container uses", Effect::Reads),
    verb::<DockerExecArgs>(DOCKER_EXEC, "runs a program in a container, without a shell", Effect::Acts),
    verb::<DockerRunArgs>(DOCKER_RUN, "makes a container of an image and starts it", Effect::Acts),
    verb::<ContainerArgs>(DOCKER_START, "starts a container", Effect::Idempotent),
    verb::<DockerStopArgs>(DOCKER_STOP, "stops a container", Effect::Idempotent),
    verb::<DockerStopArgs>(DOCKER_RESTART, "stops and starts a container", Effect::Acts),
    verb::<DockerRemoveArgs>(DOCKER_RM, "removes a container", Effect::Acts),
    verb::<DockerPullArgs>(DOCKER_PULL, "brings an image to the node", Effect::Idempotent),
    verb::<DockerPruneArgs>(DOCKER_PRUNE, "removes what nothing uses", Effect::Acts),
];

const fn verb<T: JsonSchema + DeserializeOwned>(
    name: &'static str,
    about: &'static str,
    effect: Effect,
) -> BuiltIn {
    BuiltIn { name, about, effect, schema: schema_of::<T>, reads: is_of::<T> }
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value()
}

fn is_of<T: DeserializeOwned>(args: &Map<String, Value>) -> bool {
    T::deserialize(args).is_ok()
}

/// The verb of this name that comes with Worpen.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|verb| verb.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_refuse_unknown_arguments_and_mark_secrets() {
        for verb in BUILT_IN {
            let schema = verb.schema();
            assert_eq!(schema["additionalProperties"], false, "{}", verb.name);
        }
        let exec = built_in(EXEC).unwrap().schema();
        assert_eq!(exec["properties"]["secret_env"]["writeOnly"], true);
        assert!(exec["required"].as_array().unwrap().contains(&"argv".into()));
    }

    #[test]
    fn arguments_are_read_by_the_same_types_that_make_the_schema() {
        let exec = built_in(EXEC).unwrap();
        let args = |value: Value| value.as_object().cloned().unwrap();
        assert!(exec.reads(&args(serde_json::json!({ "argv": ["uname"] }))));
        assert!(!exec.reads(&args(serde_json::json!({ "argv": ["uname"], "shell": true }))));
        assert!(!exec.reads(&args(serde_json::json!({}))));
    }
}
