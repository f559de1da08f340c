//! What is said to the terminal beside the screen: the clipboard (OSC 52) and the window's title (OSC 2).

use base64::{Engine, prelude::BASE64_STANDARD};

use super::figure::{bytes, calm};

/// Terminals drop longer sequences.
const MOST_BYTES: usize = 74_994;

/// The bytes that set the clipboard of the terminal, also over SSH; through tmux for the one outside.
pub(super) fn copy(text: &str, in_tmux: bool) -> Result<Vec<u8>, String> {
    if text.len() > MOST_BYTES {
        let (long, most) = (bytes(text.len() as f64), bytes(MOST_BYTES as f64));
        return Err(format!("terminals take {most} at most, and this is {long}; write it to a file instead"));
    }
    let set = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
    if !in_tmux {
        return Ok(set.into_bytes());
    }
    // tmux takes the first when `set-clipboard` is on, and hands the second on when `allow-passthrough` is.
    let wrapped = set.replace('\x1b', "\x1b\x1b");
    Ok(format!("{set}\x1bPtmux;{wrapped}\x1b\\").into_bytes())
}

/// The bytes that name the terminal's window.
pub(super) fn title(title: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x07", calm(title)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{copy, title};

    #[test]
    fn what_is_copied_travels_in_base64_and_no_title_ends_its_sequence() {
        assert_eq!(copy("web-1/nginx", false), Ok(b"\x1b]52;c;d2ViLTEvbmdpbng=\x07".to_vec()));
        assert!(copy(&"x".repeat(80_000), false).expect_err("too long").contains("write it to a file"));
        assert_eq!(title("a\x07b"), b"\x1b]2;ab\x07");
    }
}
