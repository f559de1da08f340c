use serde::Serialize;
use serde_json::json;

use super::*;

#[derive(Serialize)]
struct Ship {
    name: &'static str,
    labels: Value,
}

impl Row for Ship {
    const COLUMNS: &'static [Column] =
        &[Column::words("NAME"), Column::number("GUN COUNT"), Column::words("PORT").wide()];
    const INSIDE: &'static [&'static str] = &["labels"];

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![self.name.into(), Cell::of(Some(64)), Cell::nothing()]
    }
}

fn values(asked: Option<&[&str]>, wide: bool) -> Vec<String> {
    let asked: Option<Vec<String>> = asked.map(|names| names.iter().map(ToString::to_string).collect());
    let columns = Columns::of::<Ship>(asked.as_deref(), wide).unwrap();
    let ship = Ship { name: "vasa", labels: json!({ "com.docker.fleet": "baltic" }) };
    let cells = columns.cells(&ship, Timestamp::UNIX_EPOCH);
    columns.names().zip(&cells).map(|(name, cell)| format!("{name}={}", cell.value())).collect()
}

#[test]
fn columns_are_chosen_by_name_in_any_order() {
    assert_eq!(values(None, false), ["name=vasa", "gun_count=64"]);
    assert_eq!(values(None, true), ["name=vasa", "gun_count=64", "port="]);
    assert_eq!(
        values(Some(&["gun_count", "Name", "name"]), false),
        ["gun_count=64", "name=vasa", "name=vasa"]
    );
    let inside = values(Some(&["labels.com.docker.fleet", "labels.none"]), false);
    assert_eq!(inside, ["labels.com.docker.fleet=baltic", "labels.none="]);
}

#[test]
fn an_unknown_column_is_refused_with_those_that_there_are() {
    for name in ["guns", "labels", "name.first", ""] {
        let Err(CliError::Failure(failure)) = Columns::of::<Ship>(Some(&[name.to_owned()]), false) else {
            panic!("'{name}' was taken");
        };
        assert_eq!(failure.status, crate::cli::ExitStatus::Usage);
        assert_eq!(failure.hint.as_deref(), Some("--columns takes: name, gun_count, port, labels.NAME"));
    }
}
