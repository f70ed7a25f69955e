//! What `list` and `show` print: every document, and that the text says the same.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use fake::*;
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::Status;
use mainstay_types::operation::End;
use mainstay_types::order::Cause;
use mainstay_types::own_codes::read_journal;

/// Object bytes of the codes that read properties.
const RESOURCE: u32 = 0x0100_0000;
const TYPE: u32 = 0x0200_0000;
const GROUP: u32 = 0x0300_0000;
const NODE: u32 = 0x0400_0000;
const CLUSTER: u32 = 0x0700_0000;
const COMMON: u32 = 0x59;
const COMMON_READ_ONLY: u32 = 0x55;
const PRIVATE: u32 = 0x81;

fn service() -> Fake {
    let fake = Fake::start();
    fake.on(STATUS, [glance()]);
    let failed = End::Failed(Cause { status: Status::PROCESS_ABORTED, text: "exited with status 3".into() });
    let records = [record(Some(End::Done)), record(Some(failed))];
    let records = records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
    fake.on(JOURNAL, [texts(read_journal::RECORDS, records)]);
    for object in [RESOURCE, TYPE, GROUP, NODE, CLUSTER] {
        let common = PropertyList::new().with("Description", "none of it\x1b[31m").with("Limit", 7_u32);
        fake.on(object | COMMON, [Step::List(common)]);
    }
    let read_only = PropertyList::new().with("MonitorProcessId", 4711_u32).with("Name", "db");
    fake.on(RESOURCE | COMMON_READ_ONLY, [Step::List(read_only)]);
    let every_format = PropertyList::new()
        .with("Binary", Value::Binary(vec![0, 255]))
        .with("Large", Value::Large(-5))
        .with("List", Value::PropertyList(PropertyList::new().with("Inner", 1_u32)))
        .with("Multi", Value::MultiSz(vec!["a".into(), "b c".into()]))
        .with("ULarge", Value::ULarge(u64::MAX))
        .with("Word", Value::Word(1))
        .with("Text", "x".repeat(300));
    fake.on(RESOURCE | PRIVATE, [Step::List(every_format)]);
    fake
}

#[test]
fn documents_of_every_list_and_show() {
    let fake = service();
    let mut documents = String::new();
    for words in [
        "cluster show",
        "node list",
        "node show n1",
        "group list",
        "group show g",
        "resource list",
        "resource show DB",
        "type list",
        "type show generic\tapplication",
        "operation list",
    ] {
        fake.on(LIST_OPERATIONS, [texts("Records", vec![serde_json::to_string(&record(None)).unwrap()])]);
        let words: Vec<String> = words.split(' ').map(|word| word.replace('\t', " ")).collect();
        let mut all: Vec<&str> = words.iter().map(String::as_str).collect();
        all.push("--json");
        let ran = fake.mainstay(&all);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap();
        documents.push_str(&format!("==== {}\n{}", words.join(" "), ran.out));
        all.pop();
        let ran = fake.mainstay(&all);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
        assert!(!ran.out.contains('\x1b'), "{words:?}: nothing steers the terminal");
    }
    insta::assert_snapshot!(documents);
}

#[test]
fn a_resource_on_one_page() {
    let ran = service().mainstay(&["resource", "show", "db"]);
    // How long ago something was is the clock's affair.
    let page: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            line.split_once(" (").filter(|(head, _)| head.contains("since")).map_or(line, |(head, _)| head)
        })
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(page.join("\n"));
}
