//! Themes: what things mean, as colours a terminal has.
//!
//! A [`Tone`] says what something means; a [`Theme`] says how that looks. State is never told by colour alone: a glyph or a
//! word stands beside it.

use std::env;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// What something means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Data.
    #[default]
    Plain,
    /// Beside the point: units, titles, what is not there.
    Dim,
    /// What the eye is to find first.
    Strong,
    /// What belongs to the program: keys, places, the cursor.
    Accent,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Not as it should be.
    Bad,
    /// Under way.
    Busy,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// None: weight alone.
    Mono,
    /// The 16 that its owner chose.
    Sixteen,
    /// 256 fixed ones.
    Indexed,
    /// All.
    True,
}

/// A look that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ThemeName {
    /// As the environment suggests.
    #[default]
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// The terminal's own 16 colours.
    Sixteen,
    /// Blue and orange instead of green and red.
    ColourBlind,
    /// No colour.
    Mono,
}

impl ThemeName {
    /// Every theme that can be chosen, in the order in which one follows the other.
    pub(super) const ALL: [Self; 5] = [Self::Dark, Self::Light, Self::Sixteen, Self::ColourBlind, Self::Mono];

    /// The name as the configuration spells it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Sixteen => "sixteen",
            Self::ColourBlind => "colour-blind",
            Self::Mono => "mono",
        }
    }
}

/// The looks of all tones, and the glyphs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Theme {
    name: ThemeName,
    depth: Depth,
    ascii: bool,
    palette: Palette,
}

/// A colour for each tone, from the deepest that the terminal has.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Palette {
    dim: Color,
    accent: Color,
    good: Color,
    warning: Color,
    bad: Color,
    busy: Color,
    selected: Color,
}

/// What a terminal says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub(super) no_colour: bool,
    pub(super) term: String,
    pub(super) colorterm: String,
    pub(super) colorfgbg: String,
    pub(super) locale: String,
}

impl Surroundings {
    /// Reads `NO_COLOR`, `TERM`, `COLORTERM`, `COLORFGBG` and the locale.
    pub(super) fn read() -> Self {
        let says = |name: &str| env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(says).find(|value| !value.is_empty());
        Self {
            no_colour: !says("NO_COLOR").is_empty(),
            term: says("TERM"),
            colorterm: says("COLORTERM"),
            colorfgbg: says("COLORFGBG"),
            locale: locale.unwrap_or_default(),
        }
    }

    /// Whether only ASCII can be relied on.
    pub(super) fn is_ascii(&self) -> bool {
        let locale = self.locale.to_lowercase();
        self.term == "linux" || !(locale.contains("utf-8") || locale.contains("utf8"))
    }

    fn depth(&self) -> Depth {
        if self.no_colour {
            Depth::Mono
        } else if matches!(self.colorterm.as_str(), "truecolor" | "24bit") {
            Depth::True
        } else if self.term.contains("256") || self.term.contains("direct") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        }
    }

    /// `COLORFGBG` ends with the background's number: 7 and 15 are light.
    fn is_light(&self) -> bool {
        matches!(self.colorfgbg.rsplit(';').next(), Some("7" | "15"))
    }
}

impl Theme {
    /// The theme of a name, in the colours that the terminal has.
    pub(super) fn new(name: ThemeName, surroundings: &Surroundings, ascii: Option<bool>) -> Self {
        let name = match name {
            ThemeName::Auto if surroundings.is_light() => ThemeName::Light,
            ThemeName::Auto => ThemeName::Dark,
            name => name,
        };
        let depth = match (name, surroundings.depth()) {
            (_, Depth::Mono) | (ThemeName::Mono, _) => Depth::Mono,
            (ThemeName::Sixteen, _) => Depth::Sixteen,
            (_, depth) => depth,
        };
        let ascii = ascii.unwrap_or_else(|| surroundings.is_ascii());
        Self { name, depth, ascii, palette: palette(name, depth) }
    }

    /// The theme's name.
    pub(super) fn name(&self) -> ThemeName {
        self.name
    }

    /// Whether glyphs are ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// How a tone looks.
    pub(super) fn style(&self, tone: Tone) -> Style {
        let Palette { dim, accent, good, warning, bad, busy, .. } = self.palette;
        let plain = Style::new();
        if self.depth == Depth::Mono {
            return match tone {
                Tone::Plain | Tone::Good | Tone::Busy => plain,
                Tone::Dim => plain.add_modifier(Modifier::DIM),
                Tone::Strong | Tone::Accent | Tone::Warning => plain.add_modifier(Modifier::BOLD),
                Tone::Bad => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            };
        }
        match tone {
            Tone::Plain => plain,
            Tone::Dim => plain.fg(dim),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Accent => plain.fg(accent),
            Tone::Good => plain.fg(good),
            Tone::Warning => plain.fg(warning),
            Tone::Bad => plain.fg(bad),
            Tone::Busy => plain.fg(busy),
        }
    }

    /// The look of the line under the cursor, laid over what stands there.
    pub(super) fn selected(&self) -> Style {
        match self.depth {
            Depth::Mono => Style::new().add_modifier(Modifier::REVERSED),
            Depth::Sixteen => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new().bg(self.palette.selected).add_modifier(Modifier::BOLD),
        }
    }

    /// How hot a share is, `0.0` to `1.0`.
    pub(super) fn heat(&self, share: f64) -> Tone {
        match share {
            share if share >= 0.9 => Tone::Bad,
            share if share >= 0.75 => Tone::Warning,
            _ => Tone::Good,
        }
    }

    /// A glyph, or what stands for it in ASCII.
    pub(super) fn glyph(&self, glyph: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { glyph }
    }
}

/// The colours of a theme. Indexed ones are the nearest of the fixed 256.
fn palette(name: ThemeName, depth: Depth) -> Palette {
    let pick = |rgb: (u8, u8, u8), indexed: u8, sixteen: Color| match depth {
        Depth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
        Depth::Indexed => Color::Indexed(indexed),
        _ => sixteen,
    };
    match name {
        ThemeName::Light => Palette {
            dim: pick((118, 122, 130), 243, Color::DarkGray),
            accent: pick((0, 95, 135), 24, Color::Blue),
            good: pick((0, 110, 60), 22, Color::Green),
            warning: pick((150, 90, 0), 94, Color::Yellow),
            bad: pick((175, 20, 30), 124, Color::Red),
            busy: pick((95, 60, 160), 54, Color::Magenta),
            selected: pick((218, 226, 236), 189, Color::Gray),
        },
        ThemeName::ColourBlind => Palette {
            dim: pick((128, 134, 146), 245, Color::DarkGray),
            accent: pick((204, 187, 68), 185, Color::Yellow),
            good: pick((102, 178, 238), 75, Color::LightBlue),
            warning: pick((240, 228, 66), 227, Color::LightYellow),
            bad: pick((238, 136, 51), 208, Color::LightRed),
            busy: pick((204, 153, 187), 182, Color::LightMagenta),
            selected: pick((44, 52, 68), 237, Color::DarkGray),
        },
        _ => Palette {
            dim: pick((122, 130, 145), 244, Color::DarkGray),
            accent: pick((122, 178, 240), 111, Color::Cyan),
            good: pick((126, 196, 150), 114, Color::Green),
            warning: pick((229, 192, 123), 180, Color::Yellow),
            bad: pick((236, 112, 110), 203, Color::LightRed),
            busy: pick((190, 156, 224), 183, Color::Magenta),
            selected: pick((40, 48, 62), 237, Color::DarkGray),
        },
    }
}
