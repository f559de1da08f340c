//! The form of the arguments of our own verbs: what their schemas say, and what a schema cannot.

use std::{collections::BTreeMap, net::IpAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{escaped, fault};
use crate::{
    core::{
        command::{
            DOCKER_EXEC, DOCKER_INSPECT, DOCKER_LOGS, DOCKER_PRUNE, DOCKER_PS, DOCKER_PULL, DOCKER_RESTART,
            DOCKER_RM, DOCKER_RUN, DOCKER_START, DOCKER_STATS, DOCKER_STOP, EXEC,
        },
        container::is_name,
        image::is_reference,
    },
    proto::{
        problem::FieldError,
        verb::{
            ContainerArgs, DockerExecArgs, DockerLogsArgs, DockerPruneArgs, DockerPsArgs, DockerPullArgs,
            DockerRemoveArgs, DockerRunArgs, DockerStopArgs, ExecArgs,
        },
    },
};

/// The most items of an argument vector.
const MAX_ARGV: usize = 1024;
/// The longest that a container may be given to end, seconds.
const MAX_GRACE_S: u32 = 300;

/// The arguments of one verb: what is wrong with them beyond their types.
trait Form: DeserializeOwned {
    fn judge(&self, faults: &mut Faults);
}

/// What is wrong with the arguments of a verb of ours. One that they cannot be read for ends it, as an error.
pub(super) fn check(verb: &str, args: &Map<String, Value>) -> Result<Vec<FieldError>, FieldError> {
    match verb {
        EXEC => judge::<ExecArgs>(args),
        DOCKER_EXEC => judge::<DockerExecArgs>(args),
        DOCKER_RUN => judge::<DockerRunArgs>(args),
        DOCKER_START | DOCKER_INSPECT | DOCKER_STATS => judge::<ContainerArgs>(args),
        DOCKER_STOP | DOCKER_RESTART => judge::<DockerStopArgs>(args),
        DOCKER_RM => judge::<DockerRemoveArgs>(args),
        DOCKER_PULL => judge::<DockerPullArgs>(args),
        DOCKER_LOGS => judge::<DockerLogsArgs>(args),
        DOCKER_PS => judge::<DockerPsArgs>(args),
        DOCKER_PRUNE => judge::<DockerPruneArgs>(args),
        other => Err(FieldError { pointer: "/verb".into(), detail: format!("there is no verb '{other}'") }),
    }
}

fn judge<T: Form>(args: &Map<String, Value>) -> Result<Vec<FieldError>, FieldError> {
    // The words of a type name no value of text, but the place is only known to the slower reader.
    let read = T::deserialize(args).or_else(|_| serde_path_to_error::deserialize(args));
    let args: T = read.map_err(|error: serde_path_to_error::Error<serde_json::Error>| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!("/{}", place.replace(['.', '['], "/")) };
        fault(&place.replace(']', ""), "has not the form that the verb takes")
    })?;
    let mut faults = Faults::default();
    args.judge(&mut faults);
    Ok(faults.0)
}

/// What was found wrong.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, place: &str, detail: impl Into<String>) {
        self.0.push(fault(place, detail));
    }

    fn unless(&mut self, holds: bool, place: &str, detail: &str) {
        if !holds {
            self.add(place, detail);
        }
    }

    fn container(&mut self, name: &str) {
        self.unless(is_name(name), "/container", "expected a container's id, a prefix of it, or its name");
    }

    fn image(&mut self, image: &str) {
        self.unless(
            is_reference(image),
            "/image",
            "expected the reference of an image, nginx:1.29 or registry:5000/shop/api@sha256:...",
        );
    }

    fn argv(&mut self, argv: &[String], may_be_empty: bool) {
        if argv.len() > MAX_ARGV || (argv.is_empty() && !may_be_empty) {
            self.add("/argv", format!("expected a program and its arguments, 1 to {MAX_ARGV} in all"));
        }
        self.unless(argv.first().is_none_or(|program| !program.is_empty()), "/argv/0", "expected a program");
        for (place, word) in argv.iter().enumerate() {
            self.unless(
                !word.contains('\0'),
                &format!("/argv/{place}"),
                "no program can be given a NUL byte",
            );
        }
    }

    fn environment(&mut self, env: &BTreeMap<String, String>, secret: &BTreeMap<String, String>) {
        for (place, variables) in [("env", env), ("secret_env", secret)] {
            for (name, value) in variables {
                let place = format!("/{place}/{}", escaped(name));
                let is_sound = !name.is_empty() && !name.contains(['=', '\0']);
                self.unless(is_sound, &place, "expected the name of a variable, without '='");
                self.unless(!value.contains('\0'), &place, "no variable can hold a NUL byte");
            }
        }
        for name in secret.keys().filter(|name| env.contains_key(*name)) {
            self.add(&format!("/env/{}", escaped(name)), "is in secret_env too; leave it in one of them");
        }
    }

    fn folder(&mut self, folder: Option<&str>) {
        let is_sound = folder.is_none_or(|folder| folder.starts_with('/') && !folder.contains('\0'));
        self.unless(is_sound, "/folder", "expected an absolute path, /srv/shop");
    }

    fn user(&mut self, user: Option<&str>) {
        let inside = |c: char| !c.is_control() && !c.is_whitespace();
        let is_sound = user.is_none_or(|user| (1..=128).contains(&user.len()) && user.chars().all(inside));
        self.unless(is_sound, "/user", "expected the name or the number of a user");
    }

    fn stdin(&mut self, text: Option<&str>, base64: Option<&str>) {
        if text.is_some() && base64.is_some() {
            self.add("/stdin_base64", "stdin is given too; give one of them");
        }
        let is_sound = base64.is_none_or(|base64| STANDARD.decode(base64).is_ok());
        self.unless(is_sound, "/stdin_base64", "expected base64 with padding (RFC 4648, section 4)");
    }
}

impl Form for ExecArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.argv(&self.argv, false);
        faults.environment(&self.env, &self.secret_env);
        faults.folder(self.folder.as_deref());
        faults.user(self.user.as_deref());
        faults.stdin(self.stdin.as_deref(), self.stdin_base64.as_deref());
    }
}

impl Form for DockerExecArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.container(&self.container);
        faults.argv(&self.argv, false);
        faults.environment(&self.env, &self.secret_env);
        faults.folder(self.folder.as_deref());
        faults.user(self.user.as_deref());
        faults.stdin(self.stdin.as_deref(), self.stdin_base64.as_deref());
    }
}

impl Form for DockerRunArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.image(&self.image);
        let name = self.name.as_deref();
        faults.unless(
            name.is_none_or(|name| name.len() > 1 && is_name(name)),
            "/name",
            "expected 2 to 255 of A-Z, a-z, digits, '_', '.' and '-', a letter or digit first",
        );
        faults.argv(&self.argv, true);
        faults.environment(&self.env, &self.secret_env);
        for (place, port) in self.ports.iter().enumerate() {
            faults.unless(
                Published::parse(port).is_some(),
                &format!("/ports/{place}"),
                "expected [ADDRESS:]HOST_PORT:CONTAINER_PORT[/udp], 8080:80 or 127.0.0.1:8080:80",
            );
        }
        for (place, volume) in self.volumes.iter().enumerate() {
            faults.unless(
                Mounted::parse(volume).is_some(),
                &format!("/volumes/{place}"),
                "expected SOURCE:TARGET[:ro], where the source is an absolute path or the name of a volume and the \
                 target an absolute path, /srv/shop:/data:ro",
            );
        }
        let network = self.network.as_deref();
        faults.unless(network.is_none_or(is_network), "/network", "expected the name of a network");
        let restart = self.restart.as_deref().unwrap_or("no");
        faults.unless(
            matches!(restart, "no" | "always" | "unless-stopped" | "on-failure"),
            "/restart",
            "expected no, always, unless-stopped or on-failure",
        );
        if self.remove && restart != "no" {
            faults.add(
                "/remove",
                "a container that is removed when it ends cannot start again; leave restart out",
            );
        }
        faults.user(self.user.as_deref());
    }
}

fn is_network(text: &str) -> bool {
    text.strip_prefix("container:").map_or_else(|| is_name(text), is_name)
}

impl Form for ContainerArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.container(&self.container);
    }
}

impl Form for DockerStopArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.container(&self.container);
        if self.timeout_s.is_some_and(|seconds| seconds > MAX_GRACE_S) {
            faults.add("/timeout_s", format!("expected 0 to {MAX_GRACE_S} seconds"));
        }
    }
}

impl Form for DockerRemoveArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.container(&self.container);
    }
}

impl Form for DockerPullArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.image(&self.image);
    }
}

impl Form for DockerLogsArgs {
    fn judge(&self, faults: &mut Faults) {
        faults.container(&self.container);
        if self.since.zip(self.until).is_some_and(|(since, until)| until < since) {
            faults.add("/until", "expected a moment after 'since'");
        }
    }
}

impl Form for DockerPsArgs {
    fn judge(&self, _: &mut Faults) {}
}

impl Form for DockerPruneArgs {
    fn judge(&self, _: &mut Faults) {}
}

/// A port of a container that the node answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The node's address; all of them unless told.
    pub address: Option<IpAddr>,
    /// The node's port; 0 for any that is free.
    pub host_port: u16,
    /// The container's port.
    pub container_port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
}

impl Published {
    /// Reads `[ADDRESS:]HOST_PORT:CONTAINER_PORT[/udp]`; an IPv6 address stands in brackets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, protocol) = match text.rsplit_once('/') {
            Some((text, "udp")) => (text, "udp"),
            Some((text, "tcp")) => (text, "tcp"),
            Some(_) => return None,
            None => (text, "tcp"),
        };
        let (rest, container) = text.rsplit_once(':')?;
        let (address, host) = match rest.rsplit_once(':') {
            Some((address, host)) => (Some(address_of(address)?), host),
            None => (None, rest),
        };
        let container_port = port(container).filter(|port| *port > 0)?;
        Some(Self { address, host_port: port(host)?, container_port, protocol })
    }
}

fn address_of(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok().filter(IpAddr::is_ipv4),
    }
}

/// Digits alone: the standard reader takes a sign too.
fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A folder or a volume that a container sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mounted<'a> {
    /// An absolute path on the node, or the name of a volume.
    pub source: &'a str,
    /// An absolute path in the container.
    pub target: &'a str,
    /// Whether the container may not write there.
    pub is_read_only: bool,
}

impl<'a> Mounted<'a> {
    /// Reads `SOURCE:TARGET[:ro]`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(':');
        let (source, target) = (parts.next()?, parts.next()?);
        let is_read_only = match parts.next() {
            None | Some("rw") => false,
            Some("ro") => true,
            Some(_) => return None,
        };
        let is_path = |text: &str| {
            text.starts_with('/') && !text.contains('\0') && !text.split('/').any(|part| part == "..")
        };
        let is_sound = parts.next().is_none() && (is_path(source) || is_name(source)) && is_path(target);
        is_sound.then_some(Self { source, target, is_read_only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_in_every_form_that_the_engine_knows() {
        let published = |text: &str| {
            let port = Published::parse(text).unwrap();
            (
                port.address.map(|address| address.to_string()),
                port.host_port,
                port.container_port,
                port.protocol,
            )
        };
        assert_eq!(published("8080:80"), (None, 8080, 80, "tcp"));
        assert_eq!(published("0:53/udp"), (None, 0, 53, "udp"));
        assert_eq!(published("127.0.0.1:8080:80/tcp"), (Some("127.0.0.1".into()), 8080, 80, "tcp"));
        assert_eq!(published("[::1]:8080:80"), (Some("::1".into()), 8080, 80, "tcp"));
        for bad in [
            "",
            "80",
            ":80",
            "80:",
            "80:0",
            "70000:80",
            "+80:80",
            "a:80:80",
            "::1:80:80",
            "80:80/icmp",
            "1-2:3-4",
        ] {
            assert_eq!(Published::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn mounts_name_a_path_or_a_volume_and_nothing_above() {
        let mounted = Mounted::parse("/srv/shop:/data:ro").unwrap();
        assert_eq!((mounted.source, mounted.target, mounted.is_read_only), ("/srv/shop", "/data", true));
        assert!(Mounted::parse("shop_data:/data").is_some_and(|mount| !mount.is_read_only));
        for bad in ["", "/a", "a/b:/c", "/a:b", "/a/../etc:/c", "/a:/b:ro:x", "/a:/b:z", ":/b", "/a:"] {
            assert_eq!(Mounted::parse(bad), None, "{bad}");
        }
    }
}
