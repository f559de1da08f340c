//! Every view, every key, every size.

use super::Fleet;

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_a_key_away_and_shows_the_fleet() {
    let fleet = Fleet::start(12).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.shows("12").await;
    top.press("2");
    top.shows("1-12 of 12").await;
    top.press("\r");
    top.shows("agents › web-").await;
    top.shows("Simulated").await;
    top.press("n");
    top.shows("1-6 of 6 (72 in all)").await;
    top.press("\r");
    top.shows("containers › web-").await;
    top.press("i");
    top.shows("\"Id\"").await;
    top.press("3");
    top.shows("1-36 of 72").await;
    top.press("L");
    top.shows("logs › web-").await;
    top.press("4");
    top.shows("images").await;
    top.press("6");
    top.shows("image.updated").await;
    top.press("5");
    top.shows("nothing happened yet").await;
    top.press("3x");
    top.shows("does it").await;
    top.press("y");
    top.shows("stopped web-").await;
    top.press("5");
    top.shows("docker.stop").await;
    top.press("\r");
    top.shows("succeeded").await;
    top.press("1");
    top.shows("fleet").await;
    top.press("q");
    assert!(top.ended().await.success());
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_a_sort_and_columns_change_the_list_from_the_server() {
    let fleet = Fleet::start(12).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3/postgres");
    top.shows("(72 in all)").await;
    top.until("only what was looked for", |screen| {
        screen.lines().skip(3).filter(|line| line.contains("running")).all(|line| line.contains("postgres"))
    })
    .await;
    top.press("\r");
    top.escape().await;
    top.shows("1-36 of 72").await;
    top.press("/\tstate ==\r");
    top.shows("too early").await;
    top.press("/\x15state == \"nothing\"\r");
    top.shows("none of 72 matches").await;
    top.escape().await;
    top.shows("1-36 of 72").await;
    top.press("oo");
    top.shows("STATE↑").await;
    top.press("c");
    top.shows("space: show or hide").await;
    top.press("j \r");
    top.hides("STATE").await;
    fleet.end().await;
}

/// The keys of a place, as its help names them, with the bytes that a terminal sends for them.
fn keys_of(help: &str) -> Vec<&'static str> {
    const BYTES: [(&str, &str); 76] = [
        ("1", "1"),
        ("2", "2"),
        ("3", "3"),
        ("4", "4"),
        ("5", "5"),
        ("6", "6"),
        ("7", "7"),
        (":", ":"),
        ("ctrl-p", "\x10"),
        ("?", "?"),
        ("f1", "\x1bOP"),
        ("esc", "\x1b"),
        ("[", "["),
        ("alt-left", "\x1b[1;3D"),
        ("]", "]"),
        ("alt-right", "\x1b[1;3C"),
        ("T", "T"),
        ("M", "M"),
        ("ctrl-o", "\x0f"),
        ("ctrl-l", "\x0c"),
        ("up", "\x1b[A"),
        ("k", "k"),
        ("down", "\x1b[B"),
        ("j", "j"),
        ("pageup", "\x1b[5~"),
        ("ctrl-b", "\x02"),
        ("pagedown", "\x1b[6~"),
        ("ctrl-f", "\x06"),
        ("home", "\x1b[H"),
        ("g", "g"),
        ("end", "\x1b[F"),
        ("G", "G"),
        ("left", "\x1b[D"),
        ("h", "h"),
        ("right", "\x1b[C"),
        ("l", "l"),
        ("enter", "\r"),
        ("/", "/"),
        ("y", "y"),
        ("space", " "),
        ("ctrl-space", "\0"),
        ("V", "V"),
        ("ctrl-a", "\x01"),
        ("u", "u"),
        ("o", "o"),
        ("O", "O"),
        ("r", "r"),
        ("c", "c"),
        ("m", "m"),
        ("s", "s"),
        ("t", "t"),
        ("ctrl-x", "\x18"),
        ("n", "n"),
        ("L", "L"),
        ("i", "i"),
        ("a", "a"),
        ("x", "x"),
        ("R", "R"),
        ("p", "p"),
        ("+", "+"),
        ("=", "="),
        ("-", "-"),
        ("f", "f"),
        ("w", "w"),
        ("N", "N"),
        ("v", "v"),
        ("e", "e"),
        ("S", "S"),
        ("q", "q"),
        ("ctrl-c", "\x03"),
        ("ctrl-z", "\x1a"),
        ("tab", "\t"),
        ("d", "d"),
        ("z", "z"),
        ("b", "b"),
        ("Y", "Y"),
    ];
    let words: Vec<&str> = help.split_whitespace().collect();
    BYTES.iter().filter(|(name, _)| words.contains(name)).map(|(_, bytes)| *bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_the_keymap_is_answered_in_every_place() {
    let fleet = Fleet::start(3).await;
    for place in ["1", "2\r", "3", "3\r", "4", "6", "3L"] {
        let mut top = fleet.top((120, 80), &[]);
        top.shows("● live").await;
        top.press(&place[..1]);
        top.until("rows", |screen| place == "1" || place == "5" || screen.contains(" of ")).await;
        top.press(&place[1..]);
        top.press("?");
        top.shows("keys here").await;
        let help = top.text();
        top.escape().await;
        top.hides("keys here").await;
        let keys = keys_of(&help);
        assert!(keys.len() > 30, "{place}: {help}");
        for key in keys.into_iter().filter(|key| !matches!(*key, "q" | "\x03" | "\x1a")) {
            top.press(key);
            // What the key laid over the place is left; then a key is answered as ever.
            top.escape().await;
            top.press("?");
            top.shows("keys here").await;
            top.escape().await;
            top.hides("keys here").await;
            top.press(&place[..1]);
        }
        top.press("q");
        assert!(top.ended().await.success());
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_sizes_ends_with_the_screen_of_the_last() {
    let fleet = Fleet::start(12).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3");
    top.shows("1-36 of 72").await;
    for round in 0..40 {
        let size = [(1, 1), (2, 3), (300, 9), (20, 5), (47, 11), (9, 120), (200, 60)][round % 7];
        top.resize(size);
        top.press("\x1b[B");
    }
    top.resize((100, 30));
    top.shows("of 72").await;
    top.press("g");
    top.shows("1-26 of 72").await;
    let mut fresh = fleet.top((100, 30), &[]);
    fresh.shows("● live").await;
    fresh.press("3");
    fresh.shows("1-26 of 72").await;
    let of = |text: String| -> Vec<String> { text.lines().take(24).map(str::to_owned).collect() };
    // Both go on telling what changes.
    top.until("the same screen as a fresh one", |screen| of(screen.to_owned()) == of(fresh.text())).await;
    fleet.end().await;
}
