//! Images: what may be the reference of one.

/// The longest reference, as the engine has it.
const LONGEST: usize = 512;

/// Whether a text can be a reference: `registry:port/path/name:tag@digest`, in the characters that these have. Whether
/// there is such an image is the registry's to say.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@[]+".contains(c))
        && !text.contains("//")
        && !text.contains("..")
        && !text.ends_with(['/', ':', '@'])
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn a_reference_is_told_from_what_would_leave_its_place() {
        for good in ["nginx", "127.0.0.1:5000/shop/web:1.0", "a/b@sha256:0123abc", "[::1]:5000/web"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "-a", "a b", "a?tag=b", "a/../b", "a//b", "a:", "ä", "a&b", &"a".repeat(600)] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
