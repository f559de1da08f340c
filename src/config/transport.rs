//! Settings of what goes over the wire encrypted, and of what may go otherwise.

use std::path::PathBuf;

use super::{
    network::listed,
    value::{Raw, Value},
};

/// A yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(bool);

impl Flag {
    /// Whether it is yes.
    #[must_use]
    pub const fn get(self) -> bool {
        self.0
    }
}

impl Value for Flag {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Boolean(flag) => Ok(Self(*flag)),
            Raw::Untyped(text) if text.trim() == "true" => Ok(Self(true)),
            Raw::Untyped(text) if text.trim() == "false" => Ok(Self(false)),
            _ => Err(Self::expected()),
        }
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.into())
    }
}

/// How a server's API is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It is not: plain HTTP.
    Off,
    /// By a certificate of the server's own authority.
    Authority,
    /// By the operator's own certificate.
    Files {
        /// The certificate and those that lead to its root, PEM.
        cert: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

impl Tls {
    fn files(cert: &str, key: &str) -> Option<Self> {
        let (cert, key) = (cert.trim(), key.trim());
        (!cert.is_empty() && !key.is_empty()).then(|| Self::Files { cert: cert.into(), key: key.into() })
    }
}

impl Value for Tls {
    fn expected() -> String {
        "\"off\", \"ca\" for the server's own authority, or { cert = \"PATH\", key = \"PATH\" } for PEM files (in a \
         variable: CERT,KEY)"
            .to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let read = match raw {
            Raw::Table(pairs) => {
                let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
                match (pairs.len(), value("cert"), value("key")) {
                    (2, Some(cert), Some(key)) => Self::files(cert, key),
                    _ => None,
                }
            }
            _ => match raw.text().map(str::trim) {
                Some("off") => Some(Self::Off),
                Some("ca") => Some(Self::Authority),
                Some(text) => text.split_once(',').and_then(|(cert, key)| Self::files(cert, key)),
                None => None,
            },
        };
        read.ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(match self {
            Self::Off => "off".into(),
            Self::Authority => "ca".into(),
            Self::Files { cert, key } => {
                let text = |path: &PathBuf| toml::Value::from(path.display().to_string());
                toml::Table::from_iter([("cert".to_owned(), text(cert)), ("key".to_owned(), text(key))])
                    .into()
            }
        })
    }
}

/// Names and addresses under which a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl Names {
    /// The names.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.0
    }
}

impl Value for Names {
    fn expected() -> String {
        "a list of host names and addresses, like worpen.example.com".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let names = match raw {
            Raw::Untyped(text) => listed(text),
            Raw::Strings(names) => names.clone(),
            _ => return Err(Self::expected()),
        };
        let is_name =
            |name: &String| rustls::pki_types::ServerName::try_from(name.as_str()).is_ok() && name.is_ascii();
        if names.iter().all(is_name) { Ok(Self(names)) } else { Err(Self::expected()) }
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_off_the_servers_own_or_two_files() {
        let text = |text: &str| Tls::read(&Raw::Untyped(text.to_owned()));
        let files = Tls::Files { cert: "a.pem".into(), key: "b.pem".into() };
        assert_eq!(text("off"), Ok(Tls::Off));
        assert_eq!(text("ca"), Ok(Tls::Authority));
        assert_eq!(text("a.pem, b.pem"), Ok(files.clone()));
        let table = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            Tls::read(&Raw::Table(owned.collect()))
        };
        assert_eq!(table(&[("cert", "a.pem"), ("key", "b.pem")]), Ok(files));
        for wrong in [text("on"), text("a.pem,"), text(""), table(&[("cert", "a.pem")]), table(&[])] {
            assert!(wrong.is_err());
        }
    }

    #[test]
    fn a_name_is_one_that_a_certificate_can_bear() {
        let read = |text: &str| Names::read(&Raw::Untyped(text.to_owned()));
        assert!(read("worpen.example.com, 10.0.0.5").is_ok() && read("").is_ok());
        assert!(read("https://worpen.example.com").is_err());
    }
}
