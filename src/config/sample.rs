//! The text of `config/worpen.toml`, written from the declarations.

use std::fmt::Write;

use super::{
    key::{Key, Standing},
    layer::SYSTEM_FILE,
    settings::{KEYS, SECTIONS},
};

/// The most columns of a line of comments.
const WIDTH: usize = 100;

/// A file of settings in which every key stands with its meaning, its unit and its default, commented out.
#[must_use]
pub fn sample() -> String {
    let mut text = format!(
        "\
# The settings of Worpen. Every key stands here with its default; take the '#' from a line to
# change it.
#
# This file is read when --config or WORPEN_CONFIG names it; without either a server and an agent
# read {SYSTEM_FILE}. A variable wins over the file, and a flag over both. Every key is
# a variable too, WORPEN_SECTION_KEY, such as WORPEN_SERVER_PORT; other names stand with the key.
#
# `worpen config check` tells everything that is wrong, `worpen config show` what holds and why.
# This text is written by `worpen config sample`.
"
    );
    for (section, about) in SECTIONS {
        text.push('\n');
        comment(&mut text, about.concat().trim());
        let _ = writeln!(text, "[{section}]");
        let keys = || KEYS.iter().filter(|key| key.section == *section);
        for key in keys().filter(|key| key.standing == Standing::Used) {
            text.push('\n');
            comment(&mut text, key.about.concat().trim());
            comment(&mut text, &expects(key));
            setting(&mut text, key);
        }
        let mut later = keys().filter(|key| key.standing != Standing::Used).peekable();
        if later.peek().is_some() {
            text.push_str("\n# Named by the documents, without effect in this version:\n");
        }
        for key in later {
            text.push_str("#\n");
            match key.standing {
                Standing::Used => {}
                Standing::Unused(why) => comment(&mut text, &format!("Checked, not used yet: {why}.")),
                Standing::Refused(why) => comment(&mut text, &format!("Refused: {why}.")),
            }
            comment(&mut text, &expects(key));
            setting(&mut text, key);
        }
    }
    text
}

/// What may stand there, and which variables say it too.
fn expects(key: &Key) -> String {
    let variables = key.variables.join(", ");
    let also = if variables.is_empty() { String::new() } else { format!(" Also {variables}.") };
    format!("Expects {}.{also}", (key.expected)())
}

/// Writes comment lines of at most [`WIDTH`] columns.
fn comment(text: &mut String, words: &str) {
    let mut line = "#".to_owned();
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// The line to take the `#` from: the default, or what the documents show.
fn setting(text: &mut String, key: &Key) {
    // What an operator sets there is not shown; what stands here is nobody's.
    let shown = if key.secret { None } else { (key.in_file)(key.default) };
    let nothing = || (key.secret || key.default.is_empty()).then(|| key.default.into());
    let value = shown.or_else(nothing);
    let value = value.map(|value: toml::Value| value.to_string()).unwrap_or_default();
    let _ = writeln!(text, "#{} = {value}", key.name);
}

#[cfg(test)]
mod tests;
