//! The manifest of one verb, and whether the program that it names may be run: nobody but root and the agent's own user can
//! have written either.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use super::Defined;
use crate::{
    config::private,
    core::{
        arguments::{MAX_SCHEMA_BYTES, check_schema},
        command::{is_built_in, is_verb},
    },
    proto::verb::SiteVerb,
};

/// The most bytes of a manifest, and of a file with a schema.
const MAX_BYTES: u64 = 4 * MAX_SCHEMA_BYTES as u64;
/// The most characters of what a verb says of itself.
const MAX_ABOUT: usize = 500;
/// The longest that a verb may say that it takes, seconds.
const MAX_TIMEOUT_S: u32 = 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    about: String,
    program: PathBuf,
    #[serde(default)]
    idempotent: bool,
    timeout_s: Option<u32>,
    user: Option<String>,
    schema: Option<Value>,
    schema_file: Option<PathBuf>,
}

/// Reads the manifest at a path in the folder.
///
/// # Errors
/// Says why the verb may not be used, and the cure.
pub(super) fn read(folder: &Path, path: &Path) -> Result<Defined, String> {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if !is_verb(name) {
        return Err("a verb is 1 to 64 of a-z, digits, '.', '_', ':' and '-'; rename the manifest".into());
    }
    if is_built_in(name) {
        return Err(format!("'{name}' is kept for verbs that come with Worpen; rename the manifest"));
    }
    let text = guarded_text(path)?;
    let manifest: Manifest =
        toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
    if manifest.about.chars().count() > MAX_ABOUT {
        return Err(format!("'about' has more than {MAX_ABOUT} characters"));
    }
    if manifest.timeout_s.is_some_and(|seconds| !(1..=MAX_TIMEOUT_S).contains(&seconds)) {
        return Err(format!("'timeout_s' must be 1 to {MAX_TIMEOUT_S}"));
    }
    let schema = match (manifest.schema, manifest.schema_file) {
        (Some(schema), None) => schema,
        (None, Some(file)) => {
            let text = guarded_text(&inside(folder, &file, "schema_file")?)?;
            serde_json::from_str(&text).map_err(|error| format!("'schema_file' is no JSON: {error}"))?
        }
        (Some(_), Some(_)) => return Err("it has both 'schema' and 'schema_file'; leave one out".into()),
        (None, None) => {
            return Err(
                "it has no schema of its arguments; write [schema], or schema_file = \"FILE.json\"".into()
            );
        }
    };
    check_schema(&schema).map_err(|why| format!("its schema cannot be used: {why}"))?;
    let program = inside(folder, &manifest.program, "program")?;
    let about = fs::metadata(&program).map_err(|error| said(&program, &error))?;
    if !about.is_file() || about.mode() & 0o111 == 0 {
        let program = program.display();
        return Err(format!("'program' {program} cannot be run; run: chmod +x {program}"));
    }
    let text = |path: PathBuf| {
        path.into_os_string().into_string().map_err(|_| format!("{} is no UTF-8", folder.display()))
    };
    let home = folder.canonicalize().map_err(|error| said(folder, &error))?;
    Ok(Defined {
        about: SiteVerb {
            name: name.to_owned(),
            about: manifest.about,
            idempotent: manifest.idempotent,
            timeout_s: manifest.timeout_s,
            schema,
        },
        program: text(program)?,
        folder: text(home)?,
        user: manifest.user,
    })
}

/// The place of a file that a manifest names, which must be in the folder, with no step on the way that others can change.
fn inside(folder: &Path, file: &Path, key: &str) -> Result<PathBuf, String> {
    if file.as_os_str().is_empty() || !file.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("'{key}' must be a path within the folder of verbs, without '..'"));
    }
    let folder = folder.canonicalize().map_err(|error| said(folder, &error))?;
    let path = folder.join(file);
    let path = path.canonicalize().map_err(|error| said(&path, &error))?;
    let Ok(steps) = path.strip_prefix(&folder) else {
        return Err(format!("'{key}' leads out of the folder of verbs, to {}", path.display()));
    };
    let mut place = folder;
    for step in steps {
        place.push(step);
        let about = fs::metadata(&place).map_err(|error| said(&place, &error))?;
        private::guarded(&place, &about)?;
    }
    Ok(path)
}

/// The text of a file that nobody else can change.
fn guarded_text(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| said(path, &error))?;
    let about = file.metadata().map_err(|error| said(path, &error))?;
    private::guarded(path, &about)?;
    if !about.is_file() || about.size() > MAX_BYTES {
        return Err(format!("{} is no file of at most {MAX_BYTES} bytes", path.display()));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| said(path, &error))?;
    Ok(text)
}

fn said(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
