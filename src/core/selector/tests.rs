//! Both ways of evaluating agree, pages together are the whole, and no text breaks the parser.

use std::sync::Arc;

use proptest::prelude::*;

use crate::proto::labels::Labels;

use super::{
    Cursor, Fault, Field, Interpreter, Kind, Needs, Order, Row, Selector, Value, agent, command, compile,
    compile_with, container, image, interpreter::FUNCTIONS, select,
};

/// A record with a field of each kind.
#[derive(Clone, Debug, Default)]
struct Thing {
    name: String,
    count: Option<i64>,
    level: Option<f64>,
    site: Option<String>,
    linked: bool,
    tags: Vec<Arc<str>>,
    labels: Labels,
}

impl Row for Thing {
    fn id(&self) -> String {
        self.name.clone()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

const fn field(name: &'static str, kind: Kind, read: for<'a> fn(&'a Thing) -> Value<'a>) -> Field<Thing> {
    Field { name, kind, needs: Needs::NOTHING, about: "", read }
}

const FIELDS: &[Field<Thing>] = &[
    field("name", Kind::Text, |thing| (&thing.name).into()),
    field("count", Kind::Integer, |thing| thing.count.into()),
    field("level", Kind::Number, |thing| thing.level.into()),
    field("site", Kind::Text, |thing| thing.site.as_ref().into()),
    field("linked", Kind::Truth, |thing| thing.linked.into()),
    field("tags", Kind::List, |thing| Value::List(&thing.tags)),
    field("labels", Kind::Labels, |thing| Value::Labels(&thing.labels)),
];

fn thing() -> Thing {
    Thing {
        name: "web-1".into(),
        count: Some(4),
        level: Some(80.5),
        site: Some("eu".into()),
        linked: true,
        tags: vec!["docker.exec".into(), "docker.stop".into()],
        labels: [("tier", "front")].into_iter().collect(),
    }
}

fn holds(text: &str, thing: &Thing) -> bool {
    let both = [true, false].map(|natively| {
        let selector = compile_with(&Arc::new(Interpreter::new()), text, FIELDS, natively);
        selector.unwrap_or_else(|fault| panic!("{text}: {}", fault.0)).matches(thing)
    });
    assert_eq!(both[0], both[1], "{text}: natively and interpreted");
    both[0].clone().unwrap_or_else(|fault| panic!("{text}: {}", fault.0))
}

fn fault(text: &str) -> String {
    match compile(text, FIELDS).and_then(|selector: Selector<Thing>| selector.matches(&thing())) {
        Err(Fault(words)) => words,
        Ok(given) => panic!("{text} gave {given}"),
    }
}

#[test]
fn what_an_expression_means() {
    for text in [
        r#"site == "eu" && level > 80"#,
        r#"site != "us""#,
        r#"80 < level && level <= 80.5"#,
        r#"count == 4.0 || count > 100"#,
        "linked",
        "!(!linked)",
        r#"site in ["us", "eu"]"#,
        r#"!(site in ["us"])"#,
        r#"site !in ["us"]"#,
        r#""docker.exec" in tags"#,
        r#""tier" in labels"#,
        r#"labels.tier == "front""#,
        r#"labels["tier"] == "front""#,
        r#"labels.other == ()"#,
        r#"name.starts_with("web")"#,
        r#"starts_with(name, "web") && ends_with(name, "-1")"#,
        r#"matches(name, "w?b-*")"#,
        r#"contains(name, "b-")"#,
        r#""b-" in name"#,
        r#"lower("EU") == site"#,
        "len(name) == 5 && len(tags) == 2",
        "count * 2 + 1 == 9 && count % 3 == 1 && -count < 0",
        "(level ?? 0) > 80",
        "tags.len() > 1",
        "true",
    ] {
        assert!(holds(text, &thing()), "{text}");
    }
    for text in [r#"site == "EU""#, "!linked", r#""docker" in tags"#, r#"name.matches("web")"#, "false"] {
        assert!(!holds(text, &thing()), "{text}");
    }
}

#[test]
fn what_is_missing_is_smaller_than_nothing_and_no_error() {
    let bare = Thing { name: "db-1".into(), ..Thing::default() };
    for text in [
        "level > 80",
        "level < 80",
        "level >= 0",
        "level <= 0",
        "80 > level",
        "level == 0",
        "count + 1 > 0",
        "count * level >= 0",
        "-level < 0",
        r#"site == "eu""#,
        r#"site > "eu""#,
        r#"site.contains("e")"#,
        r#"site.lower() == "eu""#,
        r#"starts_with(site, "e")"#,
        r#"site in ["eu", 1]"#,
        r#""eu" in site"#,
        "len(site) > 0",
        r#"labels.tier == "front""#,
        "level",
    ] {
        assert!(!holds(text, &bare), "{text}");
    }
    for text in ["level == ()", "level != 80", r#"site != "eu""#, "() == labels.tier", "!(level > 80)"] {
        assert!(holds(text, &bare), "{text}");
    }
}

#[test]
fn what_needs_no_interpreter_gets_none() {
    for (text, native) in [
        (r#"site == "eu" && count > 80 && labels.tier != "x""#, true),
        (r#"linked || !(80 >= level) || "a" in tags || site in ["a", ()]"#, true),
        (r#"name == "x""#, true),
        ("linked", true),
        ("count > -1", true),
        ("count + 1 > 2", false),
        (r#"name.contains("x")"#, false),
        ("count == level", false),
    ] {
        let selector: Selector<Thing> = compile(text, FIELDS).unwrap();
        assert_eq!(selector.is_native(), native, "{text}");
    }
}

#[test]
fn a_fault_names_the_place_and_the_cure() {
    for (text, expected) in [
        (
            "levels > 1",
            "unknown name 'levels' at 1:1; known: name, count, level, site, linked, tags, labels; did you mean 'level'?",
        ),
        (r#"site == "eu" && cout > 1"#, "unknown name 'cout' at 1:17;"),
        (r#"nmae.contain("x")"#, "unknown name 'nmae' at 1:1"),
        (
            r#"name.contain("x")"#,
            "unknown function 'contain' at 1:6; known: contains, starts_with, ends_with, matches, lower, len; did you mean 'contains'?",
        ),
        (r#"site = "eu""#, "to compare, write =="),
        ("site == 'eu'", "texts stand in double quotes"),
        ("linked and linked", "join with && and ||"),
        ("site ==", "something must follow '=='"),
        ("", "expected an expression, like status == \"ONLINE\""),
        ("level >", "the expression ends too early: something must follow '>'"),
        ("level > 1 &&\n", "the expression ends too early: something must follow '&&'"),
        ("name", "the expression gives text, not true or false; compare it, as in len(name) > 8"),
        ("count && linked", "expected true or false, not a whole number"),
        ("count / 0 > 1", "ivi"),
        (r#"name - 1 > 2"#, "does not take these kinds of values"),
    ] {
        let words = fault(text);
        assert!(words.contains(expected), "{text}\n  gives {words}\n  wants {expected}");
    }
}

#[test]
fn there_are_no_statements_loops_closures_or_calls_of_ones_own() {
    for text in [
        "let x = 1; x > 0",
        "{ 1 > 0 }",
        "if linked { true } else { false }",
        "switch count { 4 => true }",
        "while true { }",
        "loop { }",
        "for x in tags { }",
        "(|| true).call()",
        "|x| x",
        "fn f() { true }",
        "eval(\"true\")",
        "call(f)",
        "Fn(\"f\")",
        "print(name)",
        "this",
        "#{a: 1}.a == 1",
        "`${loop {}}` == name",
        "`${name}` == name",
        "count << 60 > 0",
        "count ** 60 > 0",
        "0..9",
        "import \"x\" as y",
        "x = 1",
        "count += 1",
        "type_of(name) == \"string\"",
        "global::x",
    ] {
        let words = fault(text);
        assert!(!words.is_empty(), "{text}");
    }
}

#[test]
fn limits_hold() {
    let deep = format!("{}linked{}", "(".repeat(200), ")".repeat(200));
    let deep_not = format!("{}linked", "!".repeat(200));
    let long = format!("name == \"{}\"", "x".repeat(3000));
    let items = format!("count in [{}]", vec!["1"; 600].join(","));
    for text in [deep, deep_not, long, items] {
        assert!(!fault(&text).is_empty());
    }
    let heavy: Selector<Thing> = compile(&vec!["count+1>2"; 20].join("||"), FIELDS).unwrap();
    assert!(heavy.check_work(10_000).is_ok());
    assert!(heavy.check_work(10_000_000).is_err());
}

#[test]
fn a_record_may_hold_more_than_an_expression_may_make() {
    let numbered = |number: u32| format!("x{number}");
    let large = Thing {
        name: "x".repeat(100_000),
        tags: (0..1000).map(|number| numbered(number).into()).collect(),
        labels: (0..1000).map(|number| (numbered(number), numbered(number))).collect(),
        ..Thing::default()
    };
    for text in [
        "len(tags) == 1000 && \"x999\" in tags",
        "tags.contains(\"x500\")",
        "labels.x999 == \"x999\" && labels.x1000 == ()",
        "len(labels) == 1000 && labels.x7.ends_with(\"7\")",
        "len(name) == 100000 && name.starts_with(\"xxx\") && name.matches(\"x*x\")",
    ] {
        assert!(holds(text, &large), "{text}");
    }
}

#[test]
fn names_sort_as_people_count_and_what_is_missing_comes_last() {
    let named = |name: &str, count| Thing { name: name.into(), count, ..Thing::default() };
    let things = [
        named("node-10", Some(1)),
        named("node-2", None),
        named("node-02", Some(3)),
        named("node-1", Some(3)),
        named("a", Some(-5)),
    ];
    let sorted = |sort: &str| {
        let order = Order::parse(sort, FIELDS).unwrap();
        let page = select(things.iter().cloned(), None, &order, None, 10, || false).unwrap();
        page.rows.into_iter().map(|thing| thing.name).collect::<Vec<_>>()
    };
    assert_eq!(sorted("name"), ["a", "node-1", "node-02", "node-2", "node-10"]);
    assert_eq!(sorted("-name"), ["node-10", "node-2", "node-02", "node-1", "a"]);
    assert_eq!(sorted("count"), ["a", "node-10", "node-02", "node-1", "node-2"]);
    assert_eq!(sorted("-count,name"), ["node-1", "node-02", "node-10", "a", "node-2"]);
    for (sort, words) in [
        ("", "expected fields"),
        ("name,", "expected fields"),
        ("tags", "is a list"),
        ("labels", "like labels.tier"),
        ("name.x", "no names within"),
        ("nam", "did you mean 'name'?"),
        ("name,name,name,name,name,name,name,name,name", "at most 8"),
    ] {
        let Fault(said) = Order::parse(sort, FIELDS).unwrap_err();
        assert!(said.contains(words), "{sort}: {said}");
    }
}

#[test]
fn an_evaluation_ends_when_its_time_is_over() {
    let (selector, order) = (compile("name != \"\"", FIELDS).unwrap(), Order::by_id(FIELDS));
    let looked_at = std::cell::Cell::new(0);
    let is_late = || looked_at.replace(looked_at.get() + 1) == 3;
    let things = std::iter::repeat_with(thing).take(100);
    let Fault(words) = select(things, Some(&selector), &order, None, 10, is_late).unwrap_err();
    assert!(words.contains("too long") && looked_at.get() == 4, "{words}");
}

#[test]
fn every_table_is_well_formed() {
    fn check<R>(fields: &[Field<R>]) {
        for (at, field) in fields.iter().enumerate() {
            assert!(fields[..at].iter().all(|other| other.name != field.name), "{} comes twice", field.name);
            assert!(FUNCTIONS.iter().all(|(name, _)| *name != field.name));
            assert!(!field.about.is_empty());
        }
    }
    check(agent::FIELDS);
    check(command::FIELDS);
    check(container::FIELDS);
    check(image::FIELDS);
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i8>().prop_map(|number| number.to_string()),
        prop_oneof![-4.0..4.0f64, Just(0.1 + 0.2), Just(1e300), Just(0.0)]
            .prop_map(|number| format!("{number:?}")),
        "[a-c]{0,2}".prop_map(|text| format!("{text:?}")),
        any::<bool>().prop_map(|truth| truth.to_string()),
        Just("()".to_owned()),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let operand = prop_oneof![
        Just("name"),
        Just("count"),
        Just("level"),
        Just("site"),
        Just("linked"),
        Just("labels.a"),
        Just("labels[\"b\"]")
    ];
    let operator = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let compared = (operand.clone(), operator, literal(), any::<bool>()).prop_map(
        |(operand, operator, literal, swap)| {
            if swap {
                format!("{literal} {operator} {operand}")
            } else {
                format!("{operand} {operator} {literal}")
            }
        },
    );
    let one_of =
        (operand, prop::collection::vec(literal(), 0..4), any::<bool>()).prop_map(|(operand, items, not)| {
            format!("{operand} {}in [{}]", if not { "!" } else { "" }, items.join(", "))
        });
    let has = ("[a-c]{0,1}", prop_oneof![Just("tags"), Just("labels")])
        .prop_map(|(text, whole)| format!("{text:?} in {whole}"));
    prop_oneof![6 => compared, 2 => one_of, 1 => has, 1 => Just("linked".to_owned())]
}

fn expression() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" || "))),
            1 => inner.prop_map(|inner| format!("!({inner})")),
        ]
    })
}

fn any_thing() -> impl Strategy<Value = Thing> {
    let labels = prop::collection::btree_map("[a-b]", "[a-c]{0,2}", 0..3);
    let level =
        prop::option::of(prop_oneof![-4.0..4.0f64, Just(0.3), Just(1e300), (-4i8..4).prop_map(f64::from)]);
    let fields = (
        "[a-c]{0,2}[0-9]{0,2}",
        prop::option::of(-128i64..128),
        level,
        prop::option::of("[a-c]{0,2}"),
        any::<bool>(),
        prop::collection::vec("[a-c]{0,1}", 0..3),
        labels,
    );
    fields.prop_map(|(name, count, level, site, linked, tags, labels)| Thing {
        name,
        count,
        level,
        site,
        linked,
        tags: tags.into_iter().map(Into::into).collect(),
        labels: labels.into_iter().collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn natively_and_interpreted_are_the_same(text in expression(), things in prop::collection::vec(any_thing(), 1..8)) {
        let selector: Selector<Thing> = compile(&text, FIELDS).unwrap();
        prop_assert!(selector.is_native(), "{}", text);
        for thing in things {
            holds(&text, &thing);
        }
    }

    #[test]
    fn pages_together_are_the_whole_list(
        mut things in prop::collection::vec(any_thing(), 0..40),
        sort in prop_oneof![
            Just(""), Just("name"), Just("-level"), Just("site,-count"), Just("linked,labels.a"), Just("-labels.b,level")
        ],
        wanted in prop_oneof![Just(""), Just("count > 0"), Just("len(name) != 1")],
        limit in 1usize..9,
    ) {
        for (number, thing) in things.iter_mut().enumerate() {
            thing.name = format!("{}{}", thing.name, char::from_u32(0x100 + u32::try_from(number).unwrap()).unwrap());
        }
        let order = if sort.is_empty() { Order::by_id(FIELDS) } else { Order::parse(sort, FIELDS).unwrap() };
        let selector = (!wanted.is_empty()).then(|| compile(wanted, FIELDS).unwrap());
        let whole = select(things.iter().cloned(), selector.as_ref(), &order, None, 1000, || false).unwrap();
        prop_assert!(whole.next.is_none());
        let (mut pages, mut cursor) = (Vec::new(), None::<Cursor>);
        loop {
            let page = select(things.iter().cloned(), selector.as_ref(), &order, cursor.as_ref(), limit, || false).unwrap();
            prop_assert!(page.rows.len() <= limit);
            pages.extend(page.rows.into_iter().map(|thing| thing.name));
            let Some((keys, id)) = page.next else { break };
            let sent = Cursor { query: "q".into(), keys, id }.encode();
            cursor = Some(Cursor::decode(&sent).unwrap());
        }
        let whole: Vec<String> = whole.rows.into_iter().map(|thing| thing.name).collect();
        prop_assert_eq!(pages, whole);
    }

    #[test]
    fn no_text_breaks_the_parser(text in prop_oneof![
        any::<String>(),
        "[a-z0-9 ()\\[\\]{}!=<>&|+*/%.,\"'`?:;$#@^~\\\\-]{0,60}",
        prop::collection::vec(prop_oneof![
            Just("name"), Just("("), Just(")"), Just("["), Just("]"), Just("\"x\""), Just("=="), Just("&&"), Just("in"),
            Just("."), Just("!"), Just("1"), Just("-"), Just(","), Just("labels"), Just("|"), Just("{"), Just("}"),
            Just("fn"), Just("let"), Just("=>"), Just("`"), Just("??"), Just("?."), Just("contains"), Just("..")
        ], 0..24).prop_map(|words| words.join(" ")),
    ]) {
        if let Ok(selector) = compile(&text, FIELDS) {
            let _ = selector.matches(&thing());
            let _ = selector.matches(&Thing::default());
        }
        let _ = Order::parse(&text, FIELDS);
        let _ = Cursor::decode(&text);
    }
}
