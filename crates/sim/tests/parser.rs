//! Scenario files that nobody would write.

use mainstay_sim::scenario::oracle::any_bytes;
use proptest::prelude::*;

/// Words that files are made of, and some that they are not.
const WORDS: &[&str] = &[
    "cluster",
    "node",
    "group",
    "resource",
    "at",
    "until",
    "expect",
    "0s",
    "5s",
    "999999h",
    "a",
    "b",
    "web",
    "n1",
    "n2",
    "group=web",
    "needs=a",
    "any=a,b",
    "state=online",
    "Priority=3000",
    "MemoryCapacityMib=5",
    "owner=n1",
    "online",
    "offline",
    "set",
    "move",
    "lose",
    "return",
    "hour",
    "24",
    "answers",
    "997",
    "force",
    "keep",
    "with",
    "X=1",
    "type",
    "open",
    "hangs",
    "check",
    "silent",
    "orders",
    "a:start",
    "state",
    "starts",
    "quiet",
    "journal",
    "done",
    "rename",
    "\"",
    "\"a b\"",
    "#",
    "=",
    ",",
    "\u{7}",
    "ä",
];

fn line() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 0..9).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        any_bytes(&bytes);
    }

    #[test]
    fn lines_of_words_are_read_or_refused(lines in proptest::collection::vec(line(), 0..12)) {
        let beginning = "node n1\nnode n2\ngroup web\nresource a\nresource b needs=a\n";
        any_bytes(lines.join("\n").as_bytes());
        any_bytes(format!("{beginning}{}", lines.join("\n")).as_bytes());
    }
}
