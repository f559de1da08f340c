//! [`Key`]: what is known of a setting before anybody sets it, and the macro that declares all of them.

/// A setting's declaration: the source of its default, its checks, its names and its words in the sample file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The section of the file, `command`.
    pub section: &'static str,
    /// The name within the section, `command_timeout`.
    pub name: &'static str,
    /// What it means, a line each.
    pub about: &'static [&'static str],
    /// The default as a variable would spell it; empty for none. Where it has no effect: what the documents show.
    pub default: &'static str,
    /// The variables that the documents name; `WORPEN_SECTION_KEY` is there besides.
    pub variables: &'static [&'static str],
    /// Whether it is shown as `***`.
    pub secret: bool,
    /// What comes of setting it.
    pub standing: Standing,
    /// What may stand there, with its unit.
    pub expected: fn() -> String,
    /// A spelling of the environment as the file has it.
    pub in_file: fn(&str) -> Option<toml::Value>,
}

/// What comes of setting a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has an effect.
    Used,
    /// It is checked and has no effect yet, and why that is no loss.
    Unused(&'static str),
    /// It cannot be set: whoever sets it relies on what is not there.
    Refused(&'static str),
}

impl Key {
    /// `section.name`, as problems and tables call it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `WORPEN_SECTION_NAME`, the variable that every key has.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WORPEN_{}_{}", self.section, self.name).to_uppercase()
    }
}

/// Declares sections: for each a struct of the keys that have an effect, `Settings` of all, and the table `KEYS`, in
/// which the keys of `later` stand too.
macro_rules! sections {
    ($(
        $(#[doc = $about:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $meaning:literal])+
                $key:ident: $kind:ty = $default:literal $(, also [$($variable:literal),+])?;
            )*
        } later {
            $($later:ident: $later_kind:ty = $example:literal, $standing:ident $why:literal
                $(, also [$($later_variable:literal),+])?;)*
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $Section {
                $($(#[doc = $meaning])+ pub $key: $kind,)*
            }
        )+

        /// Every setting that has an effect, checked.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $about])+ pub $section: $Section,)+
        }

        /// Every section, and what it is about.
        pub const SECTIONS: &[(&str, &[&str])] = &[$((stringify!($section), &[$($about),+])),+];

        /// Every key in the order of the file.
        pub const KEYS: &[Key] = &[$(
            $(sections!(@key $section, $key, $kind, $default, [$($meaning),+], Used, [$($($variable),+)?]),)*
            $(sections!(@key $section, $later, $later_kind, $example, [], $standing($why),
                [$($($later_variable),+)?]),)*
        )+];

        impl Settings {
            /// Reads every key, those of `later` only for their problems.
            pub(super) fn read(reader: &mut Reader) -> Self {
                Self {$(
                    $section: {
                        let section = $Section {
                            $($key: reader.read(concat!(stringify!($section), ".", stringify!($key))),)*
                        };
                        $(reader.check::<$later_kind>(
                            concat!(stringify!($section), ".", stringify!($later)),
                        );)*
                        section
                    },
                )+}
            }
        }
    };
    (@key $section:ident, $key:ident, $kind:ty, $default:literal, $meaning:tt, $standing:expr, $variables:tt) => {
        Key {
            section: stringify!($section),
            name: stringify!($key),
            about: &$meaning,
            default: $default,
            variables: &$variables,
            secret: <$kind as Value>::SECRET,
            standing: { use super::key::Standing::*; $standing },
            expected: <$kind as Value>::expected,
            in_file: |text| {
                <$kind as Value>::read(&Raw::Untyped(text.to_owned())).ok().and_then(|value| value.shown())
            },
        }
    };
}

pub(super) use sections;
