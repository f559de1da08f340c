//! The types of settings: each says what it expects, reads what a layer gives, and shows itself as the file spells it.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use tracing_subscriber::EnvFilter;

use super::{network::listed, secret::Secret};

/// What a layer says, before anybody knows whether it is right.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// The text of a variable or a flag, which has no type.
    Untyped(String),
    /// A string of the file.
    String(String),
    /// A whole number of the file.
    Integer(i64),
    /// A boolean of the file.
    Boolean(bool),
    /// A list of strings of the file.
    Strings(Vec<String>),
    /// A table of strings of the file.
    Table(Vec<(String, String)>),
    /// Anything else of the file, in words: `a boolean`.
    Other(String),
}

impl Raw {
    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Untyped(text) | Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untyped(text) => write!(f, "'{text}'"),
            Self::String(text) => write!(f, "the string \"{text}\""),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(_) => f.write_str("a boolean"),
            Self::Strings(list) => write!(f, "{list:?}"),
            Self::Table(_) => f.write_str("a table"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// A type that a setting may have.
pub trait Value: Sized {
    /// Whether it is shown as `***`.
    const SECRET: bool = false;

    /// What may stand there, with its unit: `1 to 86400 seconds`.
    fn expected() -> String;

    /// Reads what a layer says.
    ///
    /// # Errors
    /// Says what was expected.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// The value as the file spells it; `None` for none, and `***` for a secret.
    fn shown(&self) -> Option<toml::Value>;
}

/// An optional setting; an empty string says that it is not set.
impl<T: Value> Value for Option<T> {
    const SECRET: bool = T::SECRET;

    fn expected() -> String {
        T::expected()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        if raw.text() == Some("") { Ok(None) } else { T::read(raw).map(Some) }
    }

    fn shown(&self) -> Option<toml::Value> {
        self.as_ref().and_then(T::shown)
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const LEAST: u32, const MOST: u32> Value for Whole<LEAST, MOST> {
    fn expected() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let number = match raw {
            Raw::Untyped(text) => text.trim().parse().ok(),
            Raw::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        number.filter(|number| (LEAST..=MOST).contains(number)).map(Self).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(i64::from(self.0).into())
    }
}

/// A span of 1 to 86400 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(Whole<1, 86_400>);

impl Seconds {
    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The span.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.get().into())
    }
}

impl Value for Seconds {
    fn expected() -> String {
        "1 to 86400 seconds".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        Whole::read(raw).map(Self).map_err(|_| Self::expected())
    }

    fn shown(&self) -> Option<toml::Value> {
        self.0.shown()
    }
}

impl Value for IpAddr {
    fn expected() -> String {
        "an IP address".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        raw.text().and_then(|text| text.trim().parse().ok()).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        raw.text().filter(|text| !text.is_empty()).map(Self::from).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.display().to_string().into())
    }
}

/// Text that nothing reads further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Value for Text {
    fn expected() -> String {
        "text".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        raw.text().map(|text| Self(text.to_owned())).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

/// An address that may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Secret);

impl Value for Address {
    const SECRET: bool = true;

    fn expected() -> String {
        "an address, like redis://localhost:6379".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let address = raw.text().filter(|text| text.contains("://"));
        address.map(|text| Self(Secret::new(text))).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.to_string().into())
    }
}

/// Web origins; `*`, which would let every website act for a signed-in person, is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// The origins, each a scheme and a host, as a browser sends it.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.0
    }
}

impl Value for Origins {
    fn expected() -> String {
        "a list of origins, each like https://console.example.com; '*' would let every website in".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let origins = match raw {
            Raw::Untyped(text) => listed(text),
            Raw::Strings(origins) => origins.clone(),
            _ => return Err(Self::expected()),
        };
        let is_origin = |origin: &String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']))
        };
        if origins.iter().all(is_origin) { Ok(Self(origins)) } else { Err(Self::expected()) }
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

/// The one database of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseUrl;

impl DatabaseUrl {
    const URL: &str = "sqlite:worpen.db";
}

impl Value for DatabaseUrl {
    // An address of another database may hold a password.
    const SECRET: bool = true;

    fn expected() -> String {
        format!("{}; the data folder (server.data) says where it lies", Self::URL)
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw.text() {
            Some(Self::URL) => Ok(Self),
            Some(url) if url.starts_with("postgres") => {
                Err(format!("{}, since PostgreSQL is not in this version", Self::URL))
            }
            _ => Err(Self::expected()),
        }
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(Self::URL.into())
    }
}

/// A secret that is long enough and nobody's placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSecret(Secret);

impl TokenSecret {
    /// The secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Value for TokenSecret {
    const SECRET: bool = true;

    fn expected() -> String {
        "at least 32 bytes that are no placeholder, as 'openssl rand -base64 32' prints".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        const PLACEHOLDERS: [&str; 4] =
            ["change-me", "changeme", "your-super-secret", "your-generated-secret"];
        let text = raw.text().filter(|text| text.len() >= 32).ok_or_else(Self::expected)?;
        let lower = text.to_lowercase();
        let is_varied = text.bytes().any(|byte| byte != text.as_bytes()[0]);
        if !is_varied || PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
            return Err(Self::expected());
        }
        Ok(Self(Secret::new(text)))
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.to_string().into())
    }
}

/// Which lines of the log are written: a level, or directives for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

    /// The directives.
    #[must_use]
    pub fn directives(&self) -> &str {
        &self.0
    }
}

impl Value for LogFilter {
    fn expected() -> String {
        format!("one of {}, or directives like worpen=debug,info", Self::LEVELS.join(", "))
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = raw.text().map(str::trim).ok_or_else(Self::expected)?;
        // A lone word would be a directive too: everything of a part of that name. It is more likely a misspelt level.
        let is_level = Self::LEVELS.contains(&text.to_lowercase().as_str());
        let is_directive = text.contains(['=', ',', ':']) && EnvFilter::try_new(text).is_ok();
        if is_level || is_directive { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

/// The form of the log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// JSON, for collectors.
    Json,
    /// Text, for people.
    Text,
}

impl LogFormat {
    const WORDS: [(&str, Self); 3] = [("auto", Self::Auto), ("json", Self::Json), ("text", Self::Text)];
}

impl Value for LogFormat {
    fn expected() -> String {
        "auto, json or text".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let known = Self::WORDS.iter().find(|(word, _)| raw.text() == Some(word));
        known.map(|(_, format)| *format).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Self::WORDS.iter().find(|(_, format)| format == self).map(|(word, _)| (*word).into())
    }
}

/// Where the log's lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file, put aside by its size.
    File(PathBuf),
}

impl Value for LogOutput {
    fn expected() -> String {
        "stderr, stdout or the path of a file, like /var/log/worpen/server.log".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw.text() {
            Some("stderr") => Ok(Self::Stderr),
            Some("stdout") => Ok(Self::Stdout),
            // A misspelt 'stdout' is not taken for a file's name.
            Some(path) if path.contains('/') => Ok(Self::File(path.into())),
            _ => Err(Self::expected()),
        }
    }

    fn shown(&self) -> Option<toml::Value> {
        match self {
            Self::Stderr => Some("stderr".into()),
            Self::Stdout => Some("stdout".into()),
            Self::File(path) => path.shown(),
        }
    }
}

#[cfg(test)]
mod tests;
