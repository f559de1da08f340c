//! A window on the fleet.

use serde_json::json;

use crate::proto::window::{WindowAsk, WindowList, WindowRow, WindowTold, WindowView};

pub(in crate::proto) fn window_ask() -> WindowAsk {
    WindowAsk::Open(WindowView {
        window: 1,
        ask: 1,
        list: WindowList::Containers,
        selector: Some("state == \"running\"".into()),
        search: Some("nginx".into()),
        sort: Some("-started_age".into()),
        columns: vec!["name".into(), "state".into(), "age".into()],
        offset: 0,
        limit: 200,
        around: None,
    })
}

pub(in crate::proto) fn window_told() -> WindowTold {
    WindowTold::Rows {
        window: 1,
        ask: 1,
        total: 3,
        matched: 1,
        offset: 0,
        at: None,
        rows: vec![WindowRow {
            id: "01890000-0000-7000-8000-000000000001/4f1c".into(),
            name: "web-1/nginx".into(),
            cells: vec![json!("nginx"), json!("running"), json!(1_767_225_600)],
        }],
    }
}
