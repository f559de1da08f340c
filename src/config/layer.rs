//! [`Layers`]: defaults, file, environment and flags, laid over each other; each value keeps where it came from.
//!
//! Within the environment the documents' names come first, then `WORPEN_LISTEN`, then `WORPEN_SECTION_KEY`: the more
//! particular name wins. An empty variable says nothing. What is overridden is checked all the same.

use std::{fs, io, net::SocketAddr, path::PathBuf};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    folder::default_data,
    key::{Key, Standing},
    private::readable_by_others,
    problem::{Fault, Origin, Problem, SettingsError},
    settings::{KEYS, SECTIONS, Settings},
    value::{Raw, Value},
};

/// The variable that names the file of settings.
pub const FILE_VARIABLE: &str = "WORPEN_CONFIG";

/// The variable that sets address and port at once.
pub const LISTEN_VARIABLE: &str = "WORPEN_LISTEN";

/// The file that a server reads when nothing names another.
pub const SYSTEM_FILE: &str = "/etc/worpen/worpen.toml";

/// A file of settings; it may hold secrets, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl File {
    /// Reads the file that `named` (`--config`) or `WORPEN_CONFIG` names, else the system's where there is one and
    /// `system` asks for it. A file in the working folder is never read unasked.
    ///
    /// # Errors
    /// A file that was named, or is there, cannot be read.
    pub fn find(
        named: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<String>,
        system: bool,
    ) -> Result<Option<Self>, SettingsError> {
        let named = named.or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
        let must = named.is_some();
        let Some(path) = named.or_else(|| system.then(|| SYSTEM_FILE.into())) else { return Ok(None) };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { path, text })),
            Err(error) if !must && error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SettingsError::Unreadable { path, source }),
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(offset);
        Origin::File { path: self.path.clone(), line: 1 + before.filter(|byte| **byte == b'\n').count() }
    }
}

/// What the flags say.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

/// Where settings come from.
#[derive(Clone)]
pub struct Layers<V> {
    /// The part that asks (`server`, `agent`, `dev`): its data folder is the default one.
    pub part: &'static str,
    /// The file, where there is one.
    pub file: Option<File>,
    /// Reads a variable of the environment.
    pub variable: V,
    /// The flags.
    pub flags: Flags,
}

/// The settings, and how they came to be.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The values.
    pub settings: Settings,
    /// Each key that has an effect or was set.
    pub entries: Vec<Entry>,
    /// What was set in vain, or in the wrong place.
    pub warnings: Vec<Problem>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The declaration.
    pub key: &'static Key,
    /// The value as the file spells it; `None` for none, `***` for a secret.
    pub value: Option<toml::Value>,
    /// Where it came from.
    pub origin: Origin,
}

impl<V: Fn(&str) -> Option<String>> Layers<V> {
    /// Lays the layers over each other.
    ///
    /// # Errors
    /// Names everything that is wrong, in every layer.
    pub fn resolve(&self) -> Result<Resolved, SettingsError> {
        let mut reader = Reader::default();
        if let Some(folder) = default_data(self.part).to_str() {
            reader.give("server.data", Origin::Default, Raw::Untyped(folder.to_owned()));
        }
        if let Some(file) = &self.file {
            reader.take_file(file);
        }
        self.take_environment(&mut reader);
        if let Some(listen) = &self.flags.listen {
            reader.take_listen(Origin::Flag("--listen"), listen);
        }
        if let Some(data) = &self.flags.data {
            let raw = match data.to_str() {
                Some(path) => Raw::Untyped(path.to_owned()),
                None => Raw::Other(format!("'{}', which is not UTF-8", data.display())),
            };
            reader.give("server.data", Origin::Flag("--data"), raw);
        }
        let settings = Settings::read(&mut reader);
        if !reader.problems.is_empty() {
            reader.problems.sort_by_key(|problem| problem.origin.place());
            return Err(SettingsError::Wrong(reader.problems));
        }
        if let Some(file) = &self.file {
            reader.warn_of_readers(file);
        }
        Ok(Resolved { settings, entries: reader.entries, warnings: reader.warnings })
    }

    fn take_environment(&self, reader: &mut Reader) {
        let variable = |name: &str| (self.variable)(name).filter(|text| !text.is_empty());
        for key in KEYS {
            for name in key.variables.iter().rev() {
                if let Some(text) = variable(name) {
                    reader.give(&key.path(), Origin::Variable((*name).to_owned()), Raw::Untyped(text));
                }
            }
        }
        if let Some(listen) = variable(LISTEN_VARIABLE) {
            reader.take_listen(Origin::Variable(LISTEN_VARIABLE.to_owned()), &listen);
        }
        for key in KEYS {
            if let Some(text) = variable(&key.variable()) {
                reader.give(&key.path(), Origin::Variable(key.variable()), Raw::Untyped(text));
            }
        }
    }
}

/// Collects what the layers say, lowest first, and then reads each key.
#[derive(Default)]
pub(super) struct Reader {
    given: Vec<Given>,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

struct Given {
    path: String,
    origin: Origin,
    raw: Raw,
}

impl Reader {
    /// Reads a key that has an effect; the default stands in for what is wrong.
    pub(super) fn read<T: Value>(&mut self, path: &'static str) -> T {
        let key = declared(path);
        let default = T::read(&Raw::Untyped(key.default.to_owned()));
        let default = default.expect("a test reads the default of every key");
        let (value, origin) = self.highest(path).unwrap_or((default, Origin::Default));
        self.entries.push(Entry { key, value: T::shown(&value), origin });
        value
    }

    /// Checks a key that has no effect.
    pub(super) fn check<T: Value>(&mut self, path: &'static str) {
        let key = declared(path);
        let Some((value, origin)) = self.highest::<T>(path) else { return };
        let problem = |fault| Problem { origin: origin.clone(), key: path.to_owned(), fault };
        match key.standing {
            Standing::Used => {}
            Standing::Unused(why) => {
                self.warnings.push(problem(Fault::Unused(why)));
                self.entries.push(Entry { key, value: value.shown(), origin });
            }
            Standing::Refused(why) => self.problems.push(problem(Fault::Refused(why))),
        }
    }

    /// What the highest layer says that says anything right; what is wrong in any is noted.
    fn highest<T: Value>(&mut self, path: &str) -> Option<(T, Origin)> {
        let mut highest = None;
        for given in self.given.iter().filter(|given| given.path == path) {
            match T::read(&given.raw) {
                Ok(value) => highest = Some((value, given.origin.clone())),
                Err(expected) => {
                    let found = if T::SECRET { "***".to_owned() } else { given.raw.to_string() };
                    let fault = Fault::Value { found, expected };
                    self.problems.push(Problem { origin: given.origin.clone(), key: path.into(), fault });
                }
            }
        }
        highest
    }

    fn give(&mut self, path: &str, origin: Origin, raw: Raw) {
        self.given.push(Given { path: path.to_owned(), origin, raw });
    }

    fn fault(&mut self, origin: Origin, key: impl Into<String>, fault: Fault) {
        self.problems.push(Problem { origin, key: key.into(), fault });
    }

    /// Takes address and port in one.
    fn take_listen(&mut self, origin: Origin, text: &str) {
        match text.trim().parse::<SocketAddr>() {
            Ok(address) => {
                let (ip, port) = (address.ip().to_string(), address.port().to_string());
                self.give("server.bind_address", origin.clone(), Raw::Untyped(ip));
                self.give("server.port", origin, Raw::Untyped(port));
            }
            Err(_) => {
                let expected = "an address and a port, like 127.0.0.1:3000".to_owned();
                let fault = Fault::Value { found: format!("'{text}'"), expected };
                self.fault(origin, "server.bind_address and server.port", fault);
            }
        }
    }

    fn take_file(&mut self, file: &File) {
        let (document, errors) = DeTable::parse_recoverable(&file.text);
        for error in &errors {
            let origin = file.origin(error.span().map_or(0, |span| span.start));
            // What follows on the same line is mostly a consequence.
            if self.problems.iter().all(|known| known.origin != origin) {
                self.fault(origin, "syntax", Fault::Syntax(error.message().replace('\n', ", ")));
            }
        }
        if !errors.is_empty() {
            // Nobody knows what the rest was meant to say.
            return;
        }
        for (section, content) in document.get_ref() {
            let (name, origin) = (section.get_ref().as_ref(), file.origin(section.span().start));
            if !SECTIONS.iter().any(|(known, _)| *known == name) {
                let fault = unknown(name, SECTIONS.iter().map(|(known, _)| (*known).to_owned()).collect());
                self.fault(origin, name, fault);
                continue;
            }
            let Some(table) = content.get_ref().as_table() else {
                let (found, expected) = (raw(content.get_ref()).to_string(), format!("a section, [{name}]"));
                self.fault(origin, name, Fault::Value { found, expected });
                continue;
            };
            self.take_section(file, name, table);
        }
    }

    /// Warns when others can read a secret of the file.
    fn warn_of_readers(&mut self, file: &File) {
        let secret =
            |entry: &&Entry| entry.key.secret && entry.value.is_some() && entry.origin.is_in(&file.path);
        if let Some(entry) = self.entries.iter().find(secret)
            && let Some(words) = readable_by_others(&file.path, "a secret")
        {
            let (origin, key) = (entry.origin.clone(), entry.key.path());
            self.warnings.push(Problem { origin, key, fault: Fault::Readable(words) });
        }
    }

    fn take_section(&mut self, file: &File, section: &str, table: &DeTable<'_>) {
        let keys = KEYS.iter().filter(|key| key.section == section);
        let known: Vec<_> = keys.map(|key| key.name.to_owned()).collect();
        for (name, value) in table {
            let origin = file.origin(name.span().start);
            let name = name.get_ref().as_ref();
            let path = format!("{section}.{name}");
            if known.iter().any(|known| known == name) {
                self.give(&path, origin, raw(value.get_ref()));
            } else {
                let fault = unknown(name, known.clone());
                self.fault(origin, path, fault);
            }
        }
    }
}

/// The declaration of a key that the macro which made both tables names.
fn declared(path: &'static str) -> &'static Key {
    let key = KEYS.iter().find(|key| key.path() == path);
    key.expect("keys are read by the names under which the same macro declares them")
}

/// The variables among `names` that look like a setting's and are none, as `WORPEN_SERVER_PROT`.
pub fn unknown_variables(names: impl IntoIterator<Item = String>) -> Vec<Problem> {
    let variables: Vec<_> = KEYS.iter().map(Key::variable).collect();
    let stray = |name: String| {
        let (section, _) = SECTIONS.iter().find(|(section, _)| is_of_section(&name, section))?;
        if variables.contains(&name) {
            return None;
        }
        let known = variables.iter().filter(|known| is_of_section(known, section)).cloned().collect();
        let fault = unknown(&name, known);
        Some(Problem { key: name.clone(), origin: Origin::Environment, fault })
    };
    names.into_iter().filter_map(stray).collect()
}

fn is_of_section(variable: &str, section: &str) -> bool {
    variable.starts_with(&format!("WORPEN_{}_", section.to_uppercase()))
}

/// A name that is not known, and the known one that is nearly the same.
fn unknown(name: &str, known: Vec<String>) -> Fault {
    let near = |known: &str| strsim::jaro_winkler(name, known);
    let nearest = known.iter().max_by(|one, other| near(one).total_cmp(&near(other)));
    Fault::Unknown { nearest: nearest.filter(|known| near(known) > 0.8).cloned(), known }
}

fn raw(value: &DeValue<'_>) -> Raw {
    let other = || {
        let kind = value.type_str();
        let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
        Raw::Other(format!("{article} {kind}"))
    };
    match value {
        DeValue::String(text) => Raw::String(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix());
            whole.map_or_else(|_| Raw::Other(number.to_string()), Raw::Integer)
        }
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or_else(other, Raw::Strings)
        }
        DeValue::Boolean(flag) => Raw::Boolean(*flag),
        DeValue::Table(table) => {
            let pair = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
                Some((key.get_ref().to_string(), value.get_ref().as_str()?.to_owned()))
            };
            table.iter().map(pair).collect::<Option<_>>().map_or_else(other, Raw::Table)
        }
        _ => other(),
    }
}

#[cfg(test)]
mod tests;
