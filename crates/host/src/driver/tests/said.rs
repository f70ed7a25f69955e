//! What a type says of its resource beside the state, and of what fails in it.

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
