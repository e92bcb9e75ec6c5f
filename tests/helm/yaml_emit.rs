//! How a text and the keys of a map stand in Helm's YAML.

use chart_release::charts::yaml::{self, Value};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Vectors {
    strings: Vec<StringCase>,
    key_order: KeyOrder,
}

#[derive(Deserialize)]
struct StringCase {
    string: String,
    emitted: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct KeyOrder {
    keys: Vec<String>,
    sorted: Vec<String>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/yaml-emit.json")).unwrap()
}

#[test]
fn texts_are_written_as_helm_writes_them() {
    let cases = vectors().strings;
    assert_eq!(cases.len(), 193);
    let mut wrong = Vec::new();
    for case in cases {
        match (yaml::write(&json!({ "k": case.string })), case.emitted, case.error) {
            (Ok(written), Some(emitted), None) if written == emitted => {}
            (Err(problem), None, Some(error)) if problem.what.contains(&error) => {}
            (written, emitted, error) => {
                wrong.push(format!("{:?}: {written:?}, Helm {emitted:?} {error:?}", case.string))
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn keys_stand_in_helms_order() {
    let KeyOrder { keys, sorted } = vectors().key_order;
    let map: serde_json::Map<_, _> = keys.into_iter().map(|key| (key, json!(1))).collect();
    let written = yaml::write(&map.into()).unwrap();
    let node = yaml::read("keys", written.as_bytes()).unwrap();
    let keys: Vec<&str> = node.entries().iter().filter_map(|(key, _)| key.text()).collect();
    assert_eq!(keys, sorted);
}

#[test]
fn a_list_item_can_be_written_for_the_middle_of_a_document() {
    let item =
        json!({"name": "a", "urls": ["x", "y"], "annotations": {"k": "a\nb\n"}, "empty": [], "none": null});
    let written = yaml::write_list_item(&item, 2).unwrap();
    let expected = "  - annotations:\n      k: |\n        a\n        b\n    empty: []\n    name: a\n    none: null\n    \
                    urls:\n    - x\n    - \"y\"\n";
    assert_eq!(written, expected);
}

#[test]
fn a_key_that_would_be_a_merge_is_quoted_and_reads_back() {
    let written = yaml::write(&json!({ "annotations": { "<<": "<<" } })).unwrap();
    assert_eq!(written, "annotations:\n  \"<<\": <<\n");
    let node = yaml::read("written", written.as_bytes()).unwrap();
    assert_eq!(node.get("annotations").and_then(|map| map.get("<<")?.text()), Some("<<"));
}

/// Texts in which something can go wrong: blanks, breaks, quotes and indicators are more frequent than in life.
fn awkward_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("<<".to_owned()),
        "[ \n\ta-c:#'\"0-9.,|>&*!%@`{}\\[\\]\\-?~_e+\\\\]{0,120}",
        "[ a\n\u{2028}\u{a0}\u{85}é😀]{0,200}",
    ]
}

/// Of these, what our reader reads as Helm's does: Helm's own detour over JSON changes U+0085, and YAML 1.1, which Helm
/// writes, breaks lines at U+2028 and U+2029, while YAML 1.2, which our parser reads, does not.
fn readable_text() -> impl Strategy<Value = String> {
    awkward_text().prop_map(|text| text.replace(['\u{85}', '\u{2028}', '\u{2029}'], ""))
}

proptest! {
    #[test]
    fn a_written_text_reads_back(text in readable_text(), key in readable_text()) {
        // Only a control character cannot be written.
        let written = match yaml::write(&json!({ "list": [text], "map": { key.as_str(): 1 } })) {
            Ok(written) => written,
            Err(_) => {
                let is_control = |c| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
                prop_assert!(text.contains(is_control) || key.contains(is_control));
                return Ok(());
            }
        };
        let node = yaml::read("written", written.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?}\n{written}"));
        prop_assert_eq!(node.get("list").and_then(|list| list.items()[0].text()), Some(text.as_str()), "{}", written);
        let value = node.get("map").and_then(|map| map.get(&key)).map(|node| &node.value);
        prop_assert_eq!(value, Some(&Value::Integer(1)), "{}", written);
    }

    #[test]
    fn writing_never_panics(text in awkward_text(), key in awkward_text()) {
        let _ = yaml::write(&json!({ key.as_str(): [text] }));
    }

    #[test]
    fn reading_never_panics(bytes in any::<Vec<u8>>()) {
        let _ = yaml::read("bytes", &bytes);
    }

    #[test]
    fn reading_text_never_panics(text in "[ \n\ta-c:#'\"0-9.,|>&*!%@`{}\\[\\]\\-?~<\\\\]{0,80}") {
        let _ = yaml::read("text", text.as_bytes());
    }
}
