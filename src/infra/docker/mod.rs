//! The container engine, through its API (bollard) on its local socket. Never a shell, never its command line.

use std::{collections::HashMap, time::Duration};

use bollard::{
    API_DEFAULT_VERSION, Docker,
    query_parameters::{
        EventsOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptions, RemoveContainerOptionsBuilder,
        RestartContainerOptionsBuilder, StopContainerOptionsBuilder,
    },
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

pub use self::{
    attach::{Inside, InsideState, Printing},
    event::{EngineEvent, Subject},
    logs::Span,
};
use crate::proto::{agent::ContainerEngine, container::ContainerFacts, image::ImageFacts};

mod attach;
mod event;
mod facts;
mod image;
mod logs;
pub mod run;
mod usage;

/// How long a question to the engine may take. Acts have no limit here: whoever asks for one brings its own.
const ANSWER: Duration = Duration::from_secs(30);
/// How many containers are looked at in detail at a time.
const INSPECTIONS: usize = 8;
/// Longer than any act may take; bollard's own default would end a stop with a long grace.
const NO_LIMIT_S: u64 = 24 * 60 * 60;

/// Why the engine did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing answers on the socket, or the connection broke.
    #[error("the container engine cannot be reached")]
    Unreachable(#[source] bollard::errors::Error),
    /// The engine says no, in its own words.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// The engine did not answer in time.
    #[error("the container engine did not answer within {} s", ANSWER.as_secs())]
    Silent,
    /// It answered with what it never says.
    #[error("the container engine's answer cannot be read: {0}")]
    Unreadable(&'static str),
}

impl From<bollard::errors::Error> for EngineError {
    /// Tells an engine that refuses from one that is not there.
    fn from(error: bollard::errors::Error) -> Self {
        match error {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                Self::Refused { status: status_code, message }
            }
            // The answer had begun, so it has no status of its own.
            bollard::errors::Error::DockerStreamError { error } => {
                Self::Refused { status: 500, message: error }
            }
            other => Self::Unreachable(other),
        }
    }
}

impl EngineError {
    /// Whether the engine says that there is no such thing.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// Everything the engine holds at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Every container, whatever its state.
    pub containers: Vec<ContainerFacts>,
    /// Every image.
    pub images: Vec<ImageFacts>,
}

/// An engine that answered. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    about: ContainerEngine,
}

impl Engine {
    /// Connects to a socket, with or without `unix://` before its path, and settles the API version.
    ///
    /// # Errors
    /// Says that there is no socket or that nothing answers on it.
    pub async fn connect(socket: &str) -> Result<Self, EngineError> {
        let docker = Docker::connect_with_unix(socket, NO_LIMIT_S, API_DEFAULT_VERSION)?;
        let docker = answer(docker.negotiate_version()).await?;
        let version = answer(docker.version()).await?;
        let about = ContainerEngine {
            name: "docker".into(),
            version: version.version.unwrap_or_default(),
            api_version: docker.client_version().to_string(),
        };
        Ok(Self { docker, about })
    }

    /// Which engine this is.
    #[must_use]
    pub const fn about(&self) -> &ContainerEngine {
        &self.about
    }

    /// Reads everything the engine holds. A container that goes meanwhile is left out.
    ///
    /// # Errors
    /// Says why the engine did not tell.
    pub async fn snapshot(&self) -> Result<Snapshot, EngineError> {
        let containers = self.containers(true).await?;
        let images = answer(self.docker.list_images(None::<ListImagesOptions>)).await?;
        Ok(Snapshot { containers, images: images.into_iter().map(facts::image).collect() })
    }

    /// Reads the containers that run, or all.
    ///
    /// # Errors
    /// Says why the engine did not tell.
    pub async fn containers(&self, all: bool) -> Result<Vec<ContainerFacts>, EngineError> {
        let options = ListContainersOptionsBuilder::default().all(all).build();
        let listed = answer(self.docker.list_containers(Some(options))).await?;
        stream::iter(listed.into_iter().map(|summary| self.clone().describe(summary)))
            .buffered(INSPECTIONS)
            .try_filter_map(|facts| async { Ok(facts) })
            .try_collect()
            .await
    }

    /// Reads one container by its full id; `None` when there is none.
    ///
    /// The inspection comes first: it waits for the act that an event tells of, and the list is true after it.
    ///
    /// # Errors
    /// Says why the engine did not tell.
    pub async fn container(&self, id: &str) -> Result<Option<ContainerFacts>, EngineError> {
        let Some(inspected) = known(answer(self.docker.inspect_container(id, None)).await)? else {
            return Ok(None);
        };
        let filters = HashMap::from([("id", vec![id])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let listed = answer(self.docker.list_containers(Some(options))).await?;
        let summary = listed.into_iter().find(|summary| summary.id.as_deref() == Some(id));
        Ok(summary.map(|summary| facts::container(summary, inspected.state.unwrap_or_default())))
    }

    /// Finds a container's full id and whether it runs, by id, prefix or name.
    ///
    /// # Errors
    /// Says that there is no such container, in the engine's words, or why the engine did not tell.
    pub async fn look(&self, container: &str) -> Result<(String, bool), EngineError> {
        let inspected = answer(self.docker.inspect_container(container, None)).await?;
        let running = inspected.state.and_then(|state| state.running).unwrap_or(false);
        Ok((inspected.id.unwrap_or_default(), running))
    }

    /// Reads one image by its id or a name; `None` when there is none.
    ///
    /// # Errors
    /// Says why the engine did not tell.
    pub async fn image(&self, name: &str) -> Result<Option<ImageFacts>, EngineError> {
        known(answer(self.docker.inspect_image(name)).await.map(facts::inspected_image))
    }

    /// Follows what happens to containers and images, from a moment on. The stream ends when the engine goes.
    pub fn events(
        &self,
        since: Timestamp,
    ) -> impl Stream<Item = Result<EngineEvent, EngineError>> + Send + Unpin + use<> {
        let since = format!("{}.{:09}", since.as_second(), since.subsec_nanosecond());
        let options = EventsOptionsBuilder::default().since(&since).filters(&event::filters()).build();
        let messages = self.docker.events(Some(options));
        Box::pin(
            messages.map_err(EngineError::from).try_filter_map(|message| async { Ok(event::read(message)) }),
        )
    }

    /// Starts a container; one that runs is left alone.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        Ok(self.docker.start_container(container, None).await?)
    }

    /// Stops a container: its stop signal, then after the grace the end. One that has ended is left alone.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn stop(&self, container: &str, grace_s: Option<u32>) -> Result<(), EngineError> {
        let options = grace_s.map(|grace| StopContainerOptionsBuilder::default().t(seconds(grace)).build());
        Ok(self.docker.stop_container(container, options).await?)
    }

    /// Stops a container where it runs, then starts it.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn restart(&self, container: &str, grace_s: Option<u32>) -> Result<(), EngineError> {
        let options =
            grace_s.map(|grace| RestartContainerOptionsBuilder::default().t(seconds(grace)).build());
        Ok(self.docker.restart_container(container, options).await?)
    }

    /// Removes a container; a running one only with `force`. Its volumes stay.
    ///
    /// # Errors
    /// Says in the engine's words why it did not.
    pub async fn remove(&self, container: &str, force: bool) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(force).build();
        Ok(self.docker.remove_container(container, Some(options)).await?)
    }

    /// Adds to a listed container what only a closer look tells; `None` when it is gone meanwhile. One that the engine
    /// cannot inspect is told as it is listed: it must not hide all the others.
    async fn describe(
        self,
        summary: bollard::models::ContainerSummary,
    ) -> Result<Option<ContainerFacts>, EngineError> {
        let id = summary.id.clone().unwrap_or_default();
        let inspected = match known(answer(self.docker.inspect_container(&id, None)).await) {
            Err(EngineError::Refused { .. }) => Some(bollard::models::ContainerInspectResponse::default()),
            other => other?,
        };
        Ok(inspected.map(|inspected| facts::container(summary, inspected.state.unwrap_or_default())))
    }
}

/// Waits for an answer, but not for ever: an engine that hangs must not take the agent with it.
async fn answer<T>(
    question: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    tokio::time::timeout(ANSWER, question).await.map_err(|_| EngineError::Silent)?.map_err(EngineError::from)
}

/// Turns "no such thing" into nothing.
fn known<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A grace as the engine takes it.
fn seconds(grace: u32) -> i32 {
    i32::try_from(grace).unwrap_or(i32::MAX)
}
