//! Containers as they are made: what `docker.run` says, in the engine's words.

use std::{collections::HashMap, net::IpAddr};

use bollard::{
    models::{ContainerCreateBody, HostConfig, PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum},
    query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder},
};
use futures_util::StreamExt;

use super::{Engine, EngineError, Printing, answer, attach::printing};
use crate::{core::container::is_name, proto::verb::DockerRunArgs};

/// Says what is wrong with arguments that the engine would only refuse, or read otherwise, after the fact.
///
/// # Errors
/// Names the field, and what it expects.
pub fn check(args: &DockerRunArgs) -> Result<(), &'static str> {
    let all = |texts: &[String], reads: fn(&str) -> bool| texts.iter().all(|text| reads(text));
    if !all(&args.ports, |text| port(text).is_some()) {
        return Err("'ports' expects [ADDRESS:]HOST_PORT:CONTAINER_PORT[/tcp or /udp], each port 1 to 65535");
    }
    if !all(&args.volumes, is_volume) {
        return Err(
            "'volumes' expects SOURCE:TARGET[:ro], SOURCE a path from / or a volume's name, TARGET a path from /",
        );
    }
    let restart = restart(args.restart.as_deref())
        .ok_or("'restart' is none of no, always, unless-stopped and on-failure")?;
    if restart != RestartPolicyNameEnum::NO && (args.attach || args.remove) {
        return Err("'restart' excludes 'attach' and 'remove', which need an end");
    }
    if args.argv.iter().any(|word| word.contains('\0')) {
        return Err("'argv' holds a zero byte");
    }
    if !args.network.as_deref().is_none_or(is_name) {
        return Err("'network' is no name of a network");
    }
    Ok(())
}

impl Engine {
    /// Makes a container of an image that is here, and says its id and name.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn create(&self, args: &DockerRunArgs) -> Result<(String, String), EngineError> {
        let mut options = CreateContainerOptionsBuilder::default();
        if let Some(name) = &args.name {
            options = options.name(name);
        }
        let made = answer(self.docker.create_container(Some(options.build()), body(args))).await?;
        let inspected = answer(self.docker.inspect_container(&made.id, None)).await?;
        let name = inspected.name.unwrap_or_default();
        Ok((made.id, name.trim_start_matches('/').to_owned()))
    }

    /// Reads what a container prints from its start on; to be called before it is started.
    ///
    /// # Errors
    /// Says in the engine's words why it cannot be read.
    pub async fn attach(&self, container: &str) -> Result<Printing, EngineError> {
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = answer(self.docker.attach_container(container, Some(options))).await?;
        Ok(printing(attached.output))
    }

    /// Waits until a container does not run, and says its exit code.
    ///
    /// # Errors
    /// Says in the engine's words why that is not known.
    pub async fn exit_code(&self, container: &str) -> Result<i64, EngineError> {
        let mut waiting = Box::pin(self.docker.wait_container(container, None));
        match waiting.next().await {
            Some(Ok(ended)) => Ok(ended.status_code),
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(error.into()),
            None => Err(EngineError::Unreadable("the engine does not say how the container ended")),
        }
    }
}

fn body(args: &DockerRunArgs) -> ContainerCreateBody {
    let ports: Vec<(String, PortBinding)> = args.ports.iter().filter_map(|text| port(text)).collect();
    let exposed = ports.iter().map(|(inside, _)| inside.clone()).collect();
    let mut bindings = PortMap::new();
    for (inside, outside) in ports {
        bindings.entry(inside).or_default().get_or_insert_default().push(outside);
    }
    let variables = args.env.iter().chain(&args.secret_env).map(|(name, value)| format!("{name}={value}"));
    ContainerCreateBody {
        image: Some(args.image.clone()),
        cmd: (!args.argv.is_empty()).then(|| args.argv.clone()),
        env: Some(variables.collect()),
        labels: Some(args.labels.clone().into_iter().collect::<HashMap<_, _>>()),
        user: args.user.clone(),
        exposed_ports: Some(exposed),
        attach_stdout: Some(args.attach),
        attach_stderr: Some(args.attach),
        host_config: Some(HostConfig {
            binds: Some(args.volumes.clone()),
            port_bindings: Some(bindings),
            network_mode: args.network.clone(),
            restart_policy: restart(args.restart.as_deref())
                .map(|name| RestartPolicy { name: Some(name), maximum_retry_count: None }),
            // The exit code of one that is attached to is read before it goes.
            auto_remove: Some(args.remove && !args.attach),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// A port to publish: the one inside with its protocol, and where it is to be reached.
fn port(text: &str) -> Option<(String, PortBinding)> {
    let (ports, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    let (rest, inside) = ports.rsplit_once(':')?;
    let (address, outside) =
        rest.rsplit_once(':').map_or((None, rest), |(address, port)| (Some(address), port));
    let address = address.map(|address| address.trim_start_matches('[').trim_end_matches(']'));
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    let is_fine = matches!(protocol, "tcp" | "udp")
        && is_port(inside)
        && is_port(outside)
        && address.is_none_or(|address| address.parse::<IpAddr>().is_ok());
    is_fine.then(|| {
        let binding =
            PortBinding { host_ip: address.map(str::to_owned), host_port: Some(outside.to_owned()) };
        (format!("{inside}/{protocol}"), binding)
    })
}

fn is_volume(text: &str) -> bool {
    let mut parts = text.split(':');
    let (Some(source), Some(target), options, None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    (source.starts_with('/') || is_name(source))
        && target.starts_with('/')
        && options.is_none_or(|options| matches!(options, "ro" | "rw"))
}

fn restart(word: Option<&str>) -> Option<RestartPolicyNameEnum> {
    match word {
        None | Some("no") => Some(RestartPolicyNameEnum::NO),
        Some("always") => Some(RestartPolicyNameEnum::ALWAYS),
        Some("unless-stopped") => Some(RestartPolicyNameEnum::UNLESS_STOPPED),
        Some("on-failure") => Some(RestartPolicyNameEnum::ON_FAILURE),
        Some(_) => None,
    }
}
