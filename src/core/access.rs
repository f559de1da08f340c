//! Who is calling, and what they may do (ledger row V1): [`judge`] decides who may call what, [`Rights::permit`] what may be
//! done to which node. No handler and no use case decides it any other way.

mod scope;
mod shown;

use std::fmt;

pub use self::{
    scope::Nodes,
    shown::{account_of, command_for, event_for},
};
use super::error::Error;
use crate::{
    id::{KeyId, SessionId, UserId},
    proto::{
        agent::Agent,
        auth::{ApiKey, Scope},
        endpoint::Access,
        event::EventKind,
        user::Role,
    },
};

/// Somebody whose credentials held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// What the credentials allow: of the user and the key, the lesser.
    pub role: Role,
    /// The API key, when one was shown.
    pub key: Option<ApiKey>,
    /// The session, when its token was shown.
    pub session: Option<SessionId>,
}

impl Caller {
    /// The caller as events and audit entries name it: `user:NAME` or `key:NAME/KEY`.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.key {
            Some(key) => format!("key:{}/{}", self.username, key.name),
            None => format!("user:{}", self.username),
        }
    }

    /// On whose behalf what the caller does is done.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal { user: self.user, key: self.key.as_ref().map(|key| key.id) }
    }

    /// Who claims idempotency keys: what a key with a scope made is told to no other key of its name.
    #[must_use]
    pub fn claimant(&self) -> String {
        if self.scope().is_some() { self.principal().to_string() } else { self.actor() }
    }

    /// What the caller's key is narrowed to.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.key.as_ref()?.scope.as_ref()
    }

    /// What the caller may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        Rights { role: self.role, scope: self.scope().cloned() }
    }

    /// The caller as whoever has something done.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority { principal: self.principal(), rights: self.rights() }
    }

    /// Whether an actor of events and audit entries is this user, by password or by any key.
    #[must_use]
    pub fn is_behind(&self, actor: &str) -> bool {
        let name = actor.strip_prefix("user:").or_else(|| {
            // The user's name has no slash; the key's may.
            actor.strip_prefix("key:").and_then(|rest| rest.split_once('/')).map(|(name, _)| name)
        });
        name == Some(self.username.as_str())
    }
}

/// On whose behalf something is done, as it is kept with what is done later: a user, and the key that was shown. Names may
/// be taken again; these may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Principal {
    /// The user.
    pub user: UserId,
    /// The key, when one was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(key) => write!(f, "key/{key}"),
            None => write!(f, "user/{}", self.user),
        }
    }
}

/// What somebody may do at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Of the user and the key, the lesser.
    pub role: Role,
    /// What the key is narrowed to.
    pub scope: Option<Scope>,
}

/// Whoever has something done: on whose behalf it is kept, and what that allows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// On whose behalf.
    pub principal: Principal,
    /// What that allows.
    pub rights: Rights,
}

/// A node as rights see it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its site; `None` for a node that is not known any more.
    pub site: Option<&'a str>,
}

impl<'a> From<&'a Agent> for Node<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self { name: &agent.agent_id, site: Some(&agent.site) }
    }
}

/// What is done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// It is asked something, which changes nothing: the verb.
    Ask(&'a str),
    /// It is given a command, or one is stopped on it: the verb.
    Give(&'a str),
}

/// Why something may not be done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The role does not reach.
    Role(Role),
    /// The key's scope does not hold the verb; what it holds.
    Verb(String, Vec<String>),
    /// The key's scope does not hold the node, which is not there for it.
    Node(String),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "the role {} may not give commands", role.as_str()),
            Self::Verb(verb, held) => {
                write!(f, "this key's scope does not hold the verb '{verb}'; it holds {}", held.join(", "))
            }
            Self::Node(node) => write!(f, "this key's scope does not hold the node {node}"),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            // Who may not know of a node is told what is told of one that is not there.
            Denied::Node(node) => Self::not_found("agent", node),
            denied => Self::Forbidden(format!("{denied}; ask an admin")),
        }
    }
}

impl Rights {
    /// Whether a node is there for whoever has these rights.
    #[must_use]
    pub fn see(&self, node: Node<'_>) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.holds_node(node))
    }

    /// Decides whether something may be done to a node: asked when it is wanted, and again right before it is done.
    ///
    /// # Errors
    /// Says which right is missing.
    pub fn permit(&self, act: Act<'_>, node: Node<'_>) -> Result<(), Denied> {
        self.permit_verb(act)?;
        if self.see(node) { Ok(()) } else { Err(Denied::Node(node.name.to_owned())) }
    }

    /// Decides as far as that does not depend on the node.
    ///
    /// # Errors
    /// Says which right is missing.
    pub fn permit_verb(&self, act: Act<'_>) -> Result<(), Denied> {
        let (verb, needed) = match act {
            Act::Ask(verb) => (verb, Role::Viewer),
            Act::Give(verb) => (verb, Role::Operator),
        };
        if self.role < needed {
            return Err(Denied::Role(self.role));
        }
        match &self.scope {
            Some(scope) if !scope.holds_verb(verb) => {
                Err(Denied::Verb(verb.to_owned(), scope.verbs.clone().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }
}

/// Whether an event may change what somebody may do: whoever remembers rights or serves a stream looks again then.
#[must_use]
pub fn changes_rights(kind: EventKind) -> bool {
    match kind {
        EventKind::UserCreated | EventKind::UserSignedIn | EventKind::KeyIssued => false,
        kind => kind.as_str().starts_with("user.") || kind.as_str().starts_with("key."),
    }
}

/// What an access rule says of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Sign in first.
    SignIn,
    /// This role may not.
    Forbidden,
    /// A key with a scope may not: the call is about more than a scope can hold.
    OutOfScope,
}

/// Judges a caller by an endpoint's rule, and by whether the endpoint knows scopes. Agents prove themselves to their
/// endpoints' own handlers, by a signature or a token, so that their rule lets the connection through and nothing else.
#[must_use]
pub fn judge(access: Access, knows_scopes: bool, caller: Option<&Caller>) -> Verdict {
    let needed = match access {
        Access::Anyone | Access::Agent => return Verdict::Allowed,
        Access::Viewer => Role::Viewer,
        Access::Operator => Role::Operator,
        Access::Admin => Role::Admin,
    };
    match caller {
        None => Verdict::SignIn,
        Some(caller) if caller.role < needed => Verdict::Forbidden,
        Some(caller) if caller.scope().is_some() && !knows_scopes => Verdict::OutOfScope,
        Some(_) => Verdict::Allowed,
    }
}

#[cfg(test)]
mod tests;
