//! [`What`]: what a command does: a program with what it is given, or another verb with its arguments.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Read},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::super::{
    error::CliError,
    password,
    session::{Session, aside},
};

/// The most that a command's arguments may hold, and so the most that is read from stdin.
const MOST_BYTES: u64 = 64 * 1024;

/// A verb and its arguments.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What")]
pub(crate) struct What {
    /// What to do where it is not to run a program; see them with: worpen verbs ls.
    #[arg(long, value_name = "VERB", default_value = "exec")]
    verb: String,
    /// An argument of the verb: NAME=TEXT, or NAME:=JSON.
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = argument)]
    arguments: Vec<(String, Value)>,
    /// Arguments of the verb as one JSON object.
    #[arg(long = "args", id = "json", value_name = "JSON", value_parser = object)]
    json: Option<Map<String, Value>>,
    /// An argument that is kept secret: the value is that of the variable NAME here, or is asked for.
    #[arg(long = "secret-arg", value_name = "NAME")]
    secrets: Vec<String>,
    #[command(flatten)]
    program: Program,
}

/// A program, and what it is given.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "What")]
pub(crate) struct Program {
    /// A variable for the program: NAME=TEXT, or NAME for its value here.
    #[arg(long, short, value_name = "NAME=TEXT")]
    env: Vec<String>,
    /// A variable that is kept secret: its value is that of NAME here, or is asked for.
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<String>,
    /// The folder that it runs in.
    #[arg(long, value_name = "PATH")]
    folder: Option<String>,
    /// The user that it runs as, by name or number.
    #[arg(long)]
    user: Option<String>,
    /// Give it what comes on stdin, up to 64 KiB.
    #[arg(long, short = 'i')]
    stdin: bool,
    /// The program and its arguments, as they are: no shell reads them.
    #[arg(last = true, value_name = "PROGRAM")]
    argv: Vec<String>,
}

/// A verb and its arguments, ready to be given.
pub(crate) struct Work {
    pub(crate) verb: String,
    pub(crate) args: Map<String, Value>,
    /// Whether something of it is secret, which no plan shows.
    pub(crate) is_secret: bool,
}

impl What {
    pub(crate) const fn reads_stdin(&self) -> bool {
        self.program.stdin
    }

    /// Puts it together, asking for what is secret.
    pub(crate) async fn work(self, session: &Session) -> Result<Work, CliError> {
        let Self { verb, arguments, json, secrets, program } = self;
        if verb == crate::core::command::EXEC
            && program.argv.is_empty()
            && json.is_none()
            && arguments.is_empty()
        {
            return Err(CliError::usage("it is not said what to run")
                .hint("add -- PROGRAM ARGUMENTS, or --verb VERB with --arg NAME=VALUE"));
        }
        let mut args = json.unwrap_or_default();
        for (name, value) in arguments {
            put(&mut args, &name, value)?;
        }
        let is_secret = !secrets.is_empty() || !program.secret_env.is_empty();
        for name in secrets {
            let value = secret(session, "--secret-arg", &name).await?;
            put(&mut args, &name, value.into())?;
        }
        program.put(session, &mut args).await?;
        Ok(Work { verb, args, is_secret })
    }
}

impl Program {
    pub(crate) const fn has_argv(&self) -> bool {
        !self.argv.is_empty()
    }

    /// Writes it into the arguments of a verb that runs programs.
    pub(crate) async fn put(self, session: &Session, args: &mut Map<String, Value>) -> Result<(), CliError> {
        let Self { env, secret_env, folder, user, stdin, argv } = self;
        let variables = env.iter().map(|pair| variable(pair)).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut hidden = Map::new();
        for name in secret_env {
            let value = secret(session, "--secret-env", &name).await?;
            hidden.insert(name, value.into());
        }
        for (name, value) in [("folder", folder), ("user", user)] {
            value.map_or(Ok(()), |value| put(args, name, value.into()))?;
        }
        if !variables.is_empty() {
            put(args, "env", serde_json::json!(variables))?;
        }
        if !hidden.is_empty() {
            put(args, "secret_env", hidden.into())?;
        }
        if !argv.is_empty() {
            put(args, "argv", argv.into())?;
        }
        if stdin {
            match String::from_utf8(aside(read).await?) {
                Ok(text) => put(args, "stdin", text.into())?,
                Err(bytes) => put(args, "stdin_base64", BASE64_STANDARD.encode(bytes.as_bytes()).into())?,
            }
        }
        Ok(())
    }
}

/// Adds an argument; one that is there already is not silently another.
fn put(args: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), CliError> {
    match args.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(CliError::usage(format!("the argument '{name}' is given twice"))),
    }
}

/// Reads stdin whole; more than a command may carry is no beginning of it.
fn read() -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(CliError::input)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(CliError::usage("more than 64 KiB came on stdin, and a command carries no more").hint(
            "bring it to the nodes another way, such as an image or a download that the program does",
        ));
    }
    Ok(bytes)
}

/// A variable and its value; a name alone takes the value that it has here.
fn variable(pair: &str) -> Result<(String, String), CliError> {
    let (name, value) = match pair.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (pair, env::var(pair).ok()),
    };
    if name.is_empty() {
        return Err(CliError::usage(format!("--env: '{pair}' has no name")).hint("expected NAME=TEXT"));
    }
    let value = value.ok_or_else(|| {
        CliError::usage(format!("--env: there is no variable '{name}' here"))
            .hint("give its value: NAME=TEXT")
    })?;
    Ok((name.to_owned(), value))
}

/// A secret by its name: a command line is seen by others, so it holds no value.
async fn secret(session: &Session, flag: &'static str, name: &str) -> Result<String, CliError> {
    if name.is_empty() || name.contains('=') {
        return Err(CliError::usage(format!("{flag} takes a name alone"))
            .hint("others see a command line: set the variable, or leave it unset to be asked"));
    }
    if let Ok(value) = env::var(name) {
        return Ok(value);
    }
    if !session.printer.can_ask() {
        return Err(CliError::usage(format!("{flag}: there is no variable '{name}' here"))
            .hint("set it, or run this where you can be asked"));
    }
    let (printer, question) = (session.printer.clone(), format!("{name}:"));
    Ok(aside(move || password::ask(&printer, &question)).await?.expose().to_owned())
}

/// Reads `NAME=TEXT` or `NAME:=JSON`.
fn argument(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=TEXT or NAME:=JSON")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            (name, serde_json::from_str(value).map_err(|error| format!("after ':=' stands JSON: {error}"))?)
        }
        None => (name, Value::from(value)),
    };
    if name.is_empty() { Err("the name is missing".into()) } else { Ok((name.to_owned(), value)) }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))
}

/// What a command does, as somebody would type it.
pub(crate) fn told(verb: &str, args: &Map<String, Value>) -> String {
    let argv = args
        .get("argv")
        .and_then(Value::as_array)
        .map(|words| words.iter().filter_map(Value::as_str).map(quoted).collect::<Vec<_>>().join(" "));
    let rest: Map<String, Value> = args
        .iter()
        .filter(|(name, _)| *name != "argv")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" {}", Value::Object(rest)) };
    match argv {
        Some(argv) if verb == crate::core::command::EXEC => format!("{argv}{rest}"),
        Some(argv) => format!("{verb} {argv}{rest}"),
        None => format!("{verb}{rest}"),
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_text_or_json() {
        assert_eq!(argument("name=a=b").unwrap(), ("name".into(), json!("a=b")));
        assert_eq!(argument("force:=true").unwrap(), ("force".into(), json!(true)));
        assert_eq!(argument("name=").unwrap(), ("name".into(), json!("")));
        for wrong in ["name", "=x", ":=1", "force:=yes"] {
            assert!(argument(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_is_told_as_it_would_be_typed() {
        let args = |value: Value| value.as_object().cloned().unwrap();
        let argv = args(json!({ "argv": ["sh", "-c", "echo 'it''s'"], "user": "www" }));
        assert_eq!(told("exec", &argv), r#"sh -c 'echo '\''it'\'''\''s'\''' {"user":"www"}"#);
        assert_eq!(
            told("docker.pull", &args(json!({ "image": "nginx" }))),
            r#"docker.pull {"image":"nginx"}"#
        );
    }

    #[test]
    fn an_argument_that_is_given_twice_is_refused() {
        let mut args = Map::new();
        put(&mut args, "user", "a".into()).unwrap();
        assert!(put(&mut args, "user", "b".into()).is_err());
    }
}
