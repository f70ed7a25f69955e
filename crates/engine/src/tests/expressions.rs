//! Dependency expressions: the text, its canonical form, and what a cluster refuses, with the words it is told in.

use mainstay_types::{ResourceId, Status};
use proptest::prelude::*;

use crate::command::Command;
use crate::limits::{DEPENDENCY_DEPTH_MAX, EXPRESSION_LENGTH_MAX, PROVIDERS_MAX};
use crate::model::expression::Expression;
use crate::testing::World;

fn id(number: u128) -> ResourceId {
    ResourceId(uuid::Uuid::from_u128(number))
}

/// Resources `r0` to `r9`.
fn resolve(name: &str) -> Option<ResourceId> {
    let known = |number: u128| format!("r{number}") == name || id(number).to_string() == name;
    (0..10).find(|number| known(*number)).map(id)
}

/// Clauses of different resources.
fn clauses() -> impl Strategy<Value = Vec<Vec<u128>>> {
    let numbers = Just((0..10).collect::<Vec<u128>>()).prop_shuffle();
    (numbers, proptest::collection::vec(1..4_usize, 1..5)).prop_map(|(mut numbers, lengths)| {
        let taken = lengths.into_iter().map(|length| numbers.split_off(numbers.len().saturating_sub(length)));
        taken.filter(|clause| !clause.is_empty()).collect()
    })
}

/// The same clauses as somebody may write them, one choice for each place where there is one.
fn written(clauses: &[Vec<u128>], choices: &[u8]) -> String {
    let mut choices = choices.iter().copied().cycle();
    let mut choose = |texts: &[&str]| {
        let choice = usize::from(choices.next().unwrap_or_default());
        texts[choice % texts.len()].to_owned()
    };
    let mut text = choose(&["", " ", "\t"]);
    for (index, clause) in clauses.iter().enumerate() {
        if index > 0 {
            text += &choose(&[" and ", " AND ", "and ", "  and\n"]);
        }
        let is_bare = (clause.len() == 1 || clauses.len() == 1) && choose(&["(", ""]).is_empty();
        text += if is_bare { "" } else { "(" };
        for (index, number) in clause.iter().enumerate() {
            if index > 0 {
                text += &choose(&[" or ", "or ", " Or\t"]);
            }
            let (name, id) = (format!("[r{number}]"), format!("[{}]", id(*number)));
            text += &choose(&[&name, &id]);
            text += &choose(&["", " "]);
        }
        text += if is_bare { "" } else { ")" };
        text += &choose(&["", " "]);
    }
    text
}

/// What is read is what its canonical form says, and that form is its own.
fn check_read(expression: &Expression) {
    let canonical = expression.to_string();
    let again = Expression::parse(&canonical, resolve).expect("a canonical form");
    assert_eq!((&again, again.to_string()), (expression, canonical));
    assert!(expression.clauses().all(|clause| !clause.is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read(clauses in clauses(), choices in proptest::collection::vec(any::<u8>(), 1..40)) {
        let text = written(&clauses, &choices);
        let read = Expression::parse(&text, resolve);
        let read = read.map_err(|error| TestCaseError::fail(format!("{text:?}: {error}")))?;
        let found: Vec<Vec<ResourceId>> = read.clauses().map(<[ResourceId]>::to_vec).collect();
        let expected: Vec<Vec<ResourceId>> =
            clauses.iter().map(|clause| clause.iter().map(|number| id(*number)).collect()).collect();
        prop_assert_eq!(found, expected, "{}", text);
        check_read(&read);
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(
        proptest::sample::select(vec!["[r1]", "[r2]", "[r3]", "[x]", "[", "]", "(", ")", "and", "or", " ", "a", "ß"]),
        0..16,
    )) {
        if let Ok(read) = Expression::parse(&words.concat(), resolve) {
            check_read(&read);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,64}") {
        if let Ok(read) = Expression::parse(&text, resolve) {
            check_read(&read);
        }
    }
}

#[test]
fn a_cluster_says_what_is_wrong_and_the_way_out() {
    let mut world = World::default();
    let (group, other) = (world.group("g"), world.group("h"));
    let [a, b, c] = ["a", "b", "c"].map(|name| world.resource(group, name));
    world.resource(other, "far");
    world.depend(b, a);
    let canonical = |world: &World| world.engine.view().dependency_expression(c).expect("an expression");
    let (invalid, exists) = (Status::INVALID_PARAMETER, Status::DEPENDENCY_ALREADY_EXISTS);
    for (resource, text, expected) in [
        (c, "[a] or [b]".to_owned(), Ok(format!("([{a}] or [{b}])"))),
        (c, format!("([{b}]) AND [A]"), Ok(format!("([{b}]) and ([{a}])"))),
        (c, String::new(), Ok(String::new())),
        (c, "[a] or".into(), Err((invalid, "has its end where a name in brackets is needed".to_owned()))),
        (c, "[a] or [b] and [c]".into(), Err((invalid, "'([first] or [second]) and ([third])'".into()))),
        (c, "[nobody]".into(), Err((invalid, "'nobody', and no resource has this name".into()))),
        (c, "[a] or [c]".into(), Err((invalid, "names 'c' itself".into()))),
        (c, "[far]".into(), Err((invalid, "'c' and 'far' are in different groups".into()))),
        (c, "x".repeat(EXPRESSION_LENGTH_MAX + 1), Err((invalid, "131073 bytes".into()))),
        (c, "([a] or [b]) and ([A])".into(), Err((exists, "'A' twice".into()))),
        (a, "[c] or [b]".into(), Err((Status::CIRCULAR_DEPENDENCY, "'b' depends on 'a'".into()))),
    ] {
        let before = canonical(&world);
        let call = world.call(Command::SetDependencyExpression { resource, expression: text.clone() });
        let answer = world.answer(call);
        let shown: String = text.chars().take(80).collect();
        match expected {
            Ok(expected) => {
                assert_eq!((answer.status, canonical(&world)), (Status::SUCCESS, expected), "{shown}");
            }
            Err((status, words)) => {
                assert_eq!(answer.status, status, "{shown}: {}", answer.text);
                assert!(answer.text.contains(&words), "{shown}: {}", answer.text);
                assert_eq!(canonical(&world), before, "{shown}");
            }
        }
    }
}

#[test]
fn chains_and_expressions_have_their_bounds() {
    let mut world = World::default();
    world.checks = false;
    let group = world.group("g");
    let count = PROVIDERS_MAX.max(DEPENDENCY_DEPTH_MAX) + 3;
    let ids: Vec<ResourceId> =
        (0..count).map(|number| world.resource(group, &format!("r{number}"))).collect();
    let named = |numbers: std::ops::Range<usize>| {
        numbers.map(|number| format!("[r{number}]")).collect::<Vec<String>>().join(" or ")
    };
    let mut set = |resource: usize, expression: String| {
        let call = world.call(Command::SetDependencyExpression { resource: ids[resource], expression });
        let answer = world.answer(call);
        (answer.status, answer.text.clone())
    };
    let last = count - 1;
    let (status, text) = set(last, named(0..PROVIDERS_MAX + 1));
    assert_eq!(status, Status::DEPENDENCY_TREE_TOO_COMPLEX, "{text}");
    assert!(text.contains(&format!("'r{last}' would depend on more than {PROVIDERS_MAX}")), "{text}");
    assert_eq!(set(last, named(0..PROVIDERS_MAX)).0, Status::SUCCESS);
    assert_eq!(set(last, String::new()).0, Status::SUCCESS);
    for number in 0..DEPENDENCY_DEPTH_MAX {
        assert_eq!(set(number + 1, named(number..number + 1)).0, Status::SUCCESS, "{number}");
    }
    let deepest = DEPENDENCY_DEPTH_MAX;
    let (status, text) = set(deepest + 1, format!("[r{last}] or [r{deepest}]"));
    assert_eq!(status, Status::DEPENDENCY_TREE_TOO_COMPLEX, "{text}");
    assert!(text.contains(&format!("through 'r{}'", deepest + 1)), "{text}");
}
