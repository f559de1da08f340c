use super::Prompt;

#[test]
fn a_line_is_edited_by_characters_and_words() {
    let mut prompt = Prompt::new("é 日本");
    assert!(prompt.backspace());
    prompt.insert("x\u{1b}\n");
    assert_eq!((prompt.text(), prompt.cursor()), ("é 日x", 4));
    prompt.step(-3);
    prompt.delete();
    prompt.insert("-");
    assert_eq!(prompt.text(), "é-日x");
    prompt.step(9);
    prompt.insert(" stop it");
    prompt.delete_word();
    assert_eq!(prompt.text(), "é-日x stop ");
    prompt.clear();
    assert!(!prompt.backspace());
}
