use super::*;

fn given(filter: &str, json: &str) -> String {
    Jq::new(filter).unwrap().lines(document(json.as_bytes()).unwrap()).unwrap()
}

#[test]
fn texts_are_printed_raw_and_other_values_as_json() {
    let list = r#"[{"name":"a\tb","size":10},{"name":"c","size":20000000000}]"#;
    assert_eq!(given(".[].name", list), "a\tb\nc\n");
    assert_eq!(given(".[1]", list), "{\"name\":\"c\",\"size\":20000000000}\n");
    assert_eq!(given("map(.size) | add", list), "20000000010\n");
    assert_eq!(given(".[] | select(.size > 99) | \"\\(.name) is \\(.size)\"", list), "c is 20000000000\n");
    assert_eq!(given("length, halt, 9", list), "2\n", "the program itself goes on");
}

#[test]
fn a_wrong_expression_is_told_with_its_place() {
    let wrong = |text: &str| Jq::new(text).unwrap_err();
    assert_eq!(wrong(".[] |"), "expected term, found its end at character 6 of '.[] |'");
    assert_eq!(wrong(".[] | nmae"), "there is no filter 'nmae' at character 7 of '.[] | nmae'");
    assert!(wrong("map(.a").contains("at character"), "{}", wrong("map(.a"));
    assert!(wrong("$x").contains("there is no variable '$x' at character 1"), "{}", wrong("$x"));
}

#[test]
fn what_a_document_does_not_have_is_an_error() {
    let filter = Jq::new(".name.first").unwrap();
    let error = filter.lines(document(br#"{"name":"a"}"#).unwrap()).unwrap_err();
    assert!(error.contains("index"), "{error}");
}
