//! What a type says of its resource unasked: that it has failed, what there is beside the state, and what fails in it.

use super::*;

#[test]
fn what_a_type_says_beside_the_state() {
    let down: Vec<(In, &'static [&'static str])> =
        vec![(Offline, &["call Offline"]), (Returns("Offline", done()), &["call the look at the leaf"])];
    let steps: Vec<(In, &'static [&'static str])> = vec![
        (Says(0x80, true), &["#3 says 80"]),
        (Says(0x80, true), &[]),
        (Says(0x100, true), &["#4 says 180"]),
        (Acknowledge(2), &[]),
        // Only the newest is kept.
        (Reconnect, &["dismiss", "welcome, Online, says 180", "#4 says 180"]),
        (FailsInside, &["#5 failed inside"]),
        (FailsInside, &[]),
        (Acknowledge(u64::MAX), &[]),
        (Reconnect, &["dismiss", "welcome, Online, says 180, failed inside"]),
    ];
    let again: Vec<(In, &'static [&'static str])> = vec![
        (Returns("the look at the leaf", empty()), &["#6 order 3 Done"]),
        // What is not online has nothing in it that fails.
        (FailsInside, &[]),
        (Online, &["call Online"]),
        (FailsInside, &[]),
        (Says(0x8, true), &["#7 says 8"]),
        (Returns("Online", done()), &["#8 order 4 Done"]),
        (FailsInside, &["#9 failed inside"]),
        (Says(0x8, false), &["#10 says 0"]),
    ];
    check_from_online("once, until it is online anew", &[steps, down, again].concat());
}

#[test]
fn what_is_to_be_kept_is_said_until_somebody_says_what_became_of_it() {
    check_from_online(
        "the newest counts, and the next start is given it",
        &[
            (Keeps(1, true), &["#3 keeps 1"]),
            (Acknowledge(2), &[]),
            (Keeps(2, true), &["note 1 not kept", "#4 keeps 2"]),
            (Reconnect, &["dismiss", "welcome, Online", "#4 keeps 2"]),
            (Acknowledge(4), &["note 2 kept"]),
            (Keeps(3, true), &["#5 keeps 3"]),
            (NotKept(5), &["note 3 not kept"]),
            (Acknowledge(5), &[]),
            (Reconnect, &["dismiss", "welcome, Online"]),
            (Offline, &["call Offline"]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#6 order 3 Done"]),
            (Online, &["call Online with 2"]),
            (Keeps(4, false), &["#7 keeps nothing"]),
            (Acknowledge(7), &["note 4 kept"]),
            (Returns("Online", done()), &["#8 order 4 Done"]),
        ],
    );
    check(
        "what an earlier opening wanted kept is not told again",
        &[
            (Open, &["call Open"]),
            (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
            (Keeps(1, true), &["#2 keeps 1"]),
            (Close, &["call Close"]),
            (Returns("Close", Returned::Nothing), &["#3 order 2 Done", "forget"]),
            (
                Reconnect,
                &["dismiss", "welcome, nothing held", "#1 order 1 Done", "#2 keeps 1", "#3 order 2 Done"],
            ),
            (Open, &["call Open"]),
            (Reconnect, &["dismiss", "welcome, Busy", "#1 order 1 Done", "#3 order 2 Done"]),
        ],
    );
}

#[test]
fn failures_that_nobody_asked_for() {
    check_from_online("at rest", &[(Fails, &["#3 failed"]), (Fails, &[]), (Online, &["call Online"])]);
    check(
        "before online has returned",
        &[
            (Open, &["call Open"]),
            (Fails, &[]),
            (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
            (Fails, &[]),
            (Online, &["call Online"]),
            (Fails, &[]),
            (Returns("Online", done()), &["#2 order 2 Done", "#3 failed"]),
        ],
    );
    check(
        "found running, and failed since",
        &[
            (Open, &["call Open"]),
            (Fails, &[]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline", "#2 failed"]),
        ],
    );
    check_from_online(
        "during a stop it is part of the stop, unless the stop is vetoed",
        &[
            (Offline, &["call Offline"]),
            (Fails, &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed", "#4 failed"]),
        ],
    );
}
