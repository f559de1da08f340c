use serde_json::json;

use super::*;

#[test]
fn csv_is_as_rfc_4180_says() {
    let line = csv_line(["plain", "with, comma", "with \"quotes\"", "two\nlines", ""]);
    assert_eq!(line, "plain,\"with, comma\",\"with \"\"quotes\"\"\",\"two\nlines\",\r\n");
    let fields = csv_fields(&json!({ "name": "a", "size": 10, "none": null, "tags": ["x", "y"] }));
    assert_eq!(fields, "name,none,size,tags\r\na,,10,\"[\"\"x\"\",\"\"y\"\"]\"\r\n");
}

#[test]
fn yaml_keeps_texts_texts() {
    let record = json!({ "name": "no", "version": "1.0", "size": 10, "none": null, "tags": ["a: b"] });
    let text = yaml(&record);
    assert!(text.contains("size: 10\n") && !text.contains("name: no\n"), "{text}");
    assert!(!text.contains("version: 1.0\n"), "{text}");
    assert_eq!([yaml(&[json!({ "a": 1 })]), yaml(&[json!({ "a": 2 })])].concat(), "- a: 1\n- a: 2\n");
}

#[test]
fn an_expression_is_for_json_only() {
    let fault = |format, jq| match Form::new(format, Some(jq)) {
        Err(CliError::Failure(failure)) => (failure.status, failure.chain().collect::<String>()),
        _ => panic!("it was taken"),
    };
    assert_eq!(fault(Some(Format::Csv), ".").0, ExitStatus::Usage);
    let (status, words) = fault(None, ".a |");
    assert_eq!(status, ExitStatus::Usage);
    assert!(words.contains("--jq: expected") && words.contains("character"), "{words}");
    let form = Form::new(None, Some(".a")).unwrap();
    assert_eq!(form.format, Format::Json);
    assert_eq!(form.line(&json!({ "a": "b" })).unwrap(), "b\n");
}
