//! What a service is told that comes back: reports that it has not acknowledged, and how everything stands.

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_types::order::{Action as Asked, Condition, Held, Opening, Step};
use mainstay_types::{NodeId, OperationId};

use super::*;

#[test]
fn what_a_service_that_comes_back_is_told() {
    check(
        "reports are kept until they are acknowledged",
        &[
            (Reconnect, &["dismiss", "welcome, nothing held"]),
            (Open, &["call Open"]),
            (Reconnect, &["dismiss", "welcome, Busy"]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline"]),
            (Locks(true, 5), &["#2 locked true 5"]),
            (Locks(true, 5), &[]),
            (Locks(false, 5), &["#3 locked false 5"]),
            (Locks(true, 6), &["#4 locked true 6"]),
            (
                Reconnect,
                &["dismiss", "welcome, Online, locked 6", "#1 order 1 FoundOnline", "#4 locked true 6"],
            ),
            (Acknowledge(3), &[]),
            (Reconnect, &["dismiss", "welcome, Online, locked 6", "#4 locked true 6"]),
            (Acknowledge(u64::MAX), &[]),
            (Reconnect, &["dismiss", "welcome, Online, locked 6"]),
            (Exit, &[]),
        ],
    );
    check_from_online(
        "an answer goes to who has asked",
        &[
            (Check, &["call ResourceControl"]),
            (Reconnect, &["dismiss", "welcome, Online", "#1 order 1 Done", "#2 order 2 Done"]),
            (
                Returns(
                    "ResourceControl",
                    Returned::Answered(QueryAnswer {
                        id: 9,
                        status: Status::SUCCESS,
                        output: vec![],
                        output_length_needed: 0,
                        text: String::new(),
                    }),
                ),
                &[],
            ),
        ],
    );
    check("no resource, no answer", &[(Check, &["answer 5006"])]);
}

/// What a service is told that connects now: what is held, and the newest operations.
fn welcome(bench: &mut Bench) -> (Vec<Held>, Vec<OperationId>) {
    bench.connection += 1;
    let session = bench.connection;
    let hello = ToHost::Hello { version: mainstay_ipc::VERSION, cluster: CLUSTER, session };
    let told = bench.message(hello).into_iter().find_map(|action| match action {
        Action::Send { message: FromHost::Welcome { held, newest, .. }, .. } => Some((held, newest)),
        _ => None,
    });
    told.unwrap()
}

/// How the resource stands, and for how long.
fn standing(bench: &mut Bench) -> (Condition, Option<u64>) {
    let held = welcome(bench).0.into_iter().next().unwrap();
    (held.condition, held.standing_for_ms)
}

#[test]
fn a_service_is_told_the_newest_operation_also_of_what_is_not_held() {
    let mut bench = Bench::new();
    assert_eq!(welcome(&mut bench), (Vec::new(), Vec::new()));
    for input in [Open, Returns("Open", opened(Found::Online)), Close] {
        bench.feed(input);
    }
    let newest = OperationId { node: NodeId(1), number: 2 };
    assert_eq!(welcome(&mut bench).1, [newest]);
    // A repetition is nothing newer.
    bench.feed(Again(1));
    assert_eq!(welcome(&mut bench).1, [newest]);
}

#[test]
fn a_service_is_told_for_how_long_a_resource_stands_so() {
    let mut bench = Bench::new();
    for (input, condition) in [
        (Open, Condition::Busy),
        (Returns("Open", opened(Found::Offline)), Condition::Offline),
        (Online, Condition::Busy),
        (Returns("Online", pending()), Condition::Busy),
        (Finishes(1, Ok(())), Condition::Online),
        (Offline, Condition::Busy),
        (Returns("Offline", Returned::Operation(Err(vetoed()))), Condition::Online),
        (Fails, Condition::Failed(cause())),
        (Terminate, Condition::Busy),
        (Returns("Terminate", terminated()), Condition::Busy),
        (Returns("the clearing of the leaf", empty()), Condition::Offline),
    ] {
        let is_held = bench.core.resources.contains_key(&RESOURCE);
        let before = is_held.then(|| standing(&mut bench));
        bench.feed(input.clone());
        // Who was busy goes on being so for the same order.
        let goes_on = before.filter(|(before, _)| *before == Condition::Busy && condition == Condition::Busy);
        let for_ms = goes_on.and_then(|(_, for_ms)| for_ms).unwrap_or(0);
        assert_eq!(standing(&mut bench), (condition.clone(), Some(for_ms)), "{input:?}");
        // Less than the first health check.
        bench.feed(Pass(3));
        assert_eq!(standing(&mut bench), (condition, Some(for_ms + 3)), "{input:?}");
    }
}

#[test]
fn what_is_recovered_is_online_for_as_long_as_the_service_knows() {
    let borne = || Some(cause());
    for (said_ms, borne, found, condition, expected_ms) in [
        (Some(90_000), None, Found::Online, Condition::Online, 90_020),
        (None, None, Found::Online, Condition::Online, 0),
        (Some(90_000), None, Found::Offline, Condition::Offline, 0),
        // In maintenance it is not what nobody has stopped that is offline.
        (Some(90_000), borne(), Found::Online, Condition::Online, 90_020),
        (Some(90_000), borne(), Found::Offline, Condition::Failed(cause()), 0),
    ] {
        let mut bench = Bench::new();
        let opening = Opening { recover: true, online_for_ms: said_ms, borne, ..opening() };
        for action in bench.order(Step::Open, Asked::Open(Box::new(opening))) {
            bench.note(action);
        }
        // The span was right when the order came.
        bench.feed(Pass(20));
        bench.feed(Returns("Open", opened(found)));
        assert_eq!(standing(&mut bench), (condition, Some(expected_ms)), "{said_ms:?} {found:?}");
    }
}
