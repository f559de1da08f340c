//! The pictures of the documents, taken from the real program.

use std::{fmt::Write as _, fs, path::Path};

use super::Fleet;

/// How wide and how high a cell is drawn.
const CELL: (f32, f32) = (8.4, 18.0);
const COLOURS: [&str; 16] = [
    "#1d2230", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#5c6370",
    "#ec7070", "#7ec496", "#e5c07b", "#7ab2f0", "#be9ce0", "#6cc", "#ffffff",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_view_has_its_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    let views = [
        ("fleet", "1"),
        ("agents", "2"),
        ("agent", "2\r"),
        ("containers", "3"),
        ("container", "3\r"),
        ("images", "4"),
        ("commands", "5"),
        ("events", "6"),
        ("logs", "3 jj L"),
        ("help", "3?"),
        ("palette", "3:re"),
        ("confirm", "3 jj R"),
    ];
    if std::env::var_os("WORPEN_BLESS").is_none() {
        for (name, _) in views {
            let path = folder.join(format!("{name}.svg"));
            assert!(
                path.exists(),
                "{} is not there; WORPEN_BLESS=1 cargo test --test it every_view_has",
                path.display()
            );
        }
        return;
    }
    fs::create_dir_all(&folder).unwrap();
    let fleet = Fleet::start(160).await;
    let mut first = fleet.top((120, 36), &[]);
    first.shows("● live").await;
    first.press("3");
    first.shows("1-32 of 960").await;
    first.press("R");
    first.shows("does it").await;
    first.press("y");
    first.shows("restarted").await;
    for (name, keys) in views {
        let mut top = fleet.top((120, 36), &[]);
        top.shows("● live").await;
        for key in keys.chars() {
            top.press(&key.to_string());
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        }
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        fs::write(folder.join(format!("{name}.svg")), top.screen(picture)).unwrap();
    }
    fleet.end().await;
}

/// A screen as SVG.
fn picture(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * CELL.0 + 24.0, f32::from(rows) * CELL.1 + 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" \
         font-size=\"14\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#161a24\"/>\n"
    );
    for row in 0..rows {
        let y = f32::from(row) * CELL.1 + 12.0;
        let mut column = 0;
        while column < columns {
            let Some(cell) = screen.cell(row, column) else { break };
            let look = (cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.dim(), cell.inverse());
            let from = column;
            let mut text = String::new();
            while let Some(next) = screen.cell(row, column).filter(|next| {
                column < columns
                    && (next.fgcolor(), next.bgcolor(), next.bold(), next.dim(), next.inverse()) == look
            }) {
                text.push_str(if next.has_contents() { next.contents() } else { " " });
                column += 1;
            }
            let x = f32::from(from) * CELL.0 + 12.0;
            let long = f32::from(column - from) * CELL.0;
            let (mut fg, mut bg) = (colour(look.0, "#c8ccd4"), colour(look.1, ""));
            if look.4 {
                (fg, bg) = (if bg.is_empty() { "#161a24".to_owned() } else { bg }, fg);
            }
            if !bg.is_empty() {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{long:.1}\" height=\"{}\" fill=\"{bg}\"/>",
                    CELL.1
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let weight = if look.2 { " font-weight=\"bold\"" } else { "" };
            let faint = if look.3 { " opacity=\"0.6\"" } else { "" };
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{fg}\"{weight}{faint} xml:space=\"preserve\" textLength=\"{long:.1}\">{text}</text>",
                y + 13.5
            );
        }
    }
    svg + "</svg>\n"
}

fn colour(colour: vt100::Color, unset: &str) -> String {
    match colour {
        vt100::Color::Default => unset.to_owned(),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        vt100::Color::Idx(index @ 0..16) => COLOURS[usize::from(index)].to_owned(),
        vt100::Color::Idx(index @ 16..232) => {
            let steps = [0, 95, 135, 175, 215, 255];
            let at = usize::from(index - 16);
            format!("#{:02x}{:02x}{:02x}", steps[at / 36], steps[at / 6 % 6], steps[at % 6])
        }
        vt100::Color::Idx(index) => {
            let grey = 8 + 10 * (u32::from(index) - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}
