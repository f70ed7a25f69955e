//! What becomes of orders: one after the other, pending, failing, repeated, overtaken.

use super::*;

#[test]
fn the_plain_way_up_and_down() {
    check_from_online(
        "plain",
        &[
            (Online, &["#3 order 3 Done"]),
            (Close, &["#4 order 4 Failed 5084"]),
            (Offline, &["call Offline"]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#5 order 5 Done"]),
            (Offline, &["#6 order 6 Done"]),
            (Close, &["call Close"]),
            (Returns("Close", Returned::Nothing), &["#7 order 7 Done", "forget"]),
            (Again(7), &["#7 order 7 Done"]),
            (Online, &["#8 order 8 NotOpen"]),
            (Exit, &["exit"]),
        ],
    );
}

#[test]
fn pending_operations() {
    check_from_online(
        "finished after the call",
        &[
            (Offline, &["call Offline"]),
            (Progresses(2, 1), &["#0 order 3 progress 1"]),
            (Returns("Offline", pending()), &[]),
            (Progresses(2, 2), &["#0 order 3 progress 2"]),
            (Progresses(1, 9), &[]),
            (Finishes(1, Ok(())), &[]),
            (Finishes(2, Ok(())), &["call the look at the leaf"]),
            (Finishes(2, Err(failed())), &[]),
            (Returns("the look at the leaf", empty()), &["#3 order 3 Done"]),
        ],
    );
    check_from_online(
        "finished before the call has returned",
        &[
            (Offline, &["call Offline"]),
            (Finishes(2, Err(vetoed())), &[]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Offline", pending()), &["#3 order 3 Vetoed"]),
        ],
    );
    check_from_online(
        "what the call returns outweighs what was said before",
        &[
            (Offline, &["call Offline"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed"]),
            (Online, &["#4 order 4 Done"]),
        ],
    );
    check_from_online(
        "properties reach the type while it is pending, and the look waits for that",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Configure, &["call Configure"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Configure", Returned::Nothing), &["call the look at the leaf"]),
        ],
    );
}

#[test]
fn operations_that_do_not_work() {
    check_from_online(
        "failed offline",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", Returned::Operation(Err(failed()))), &["#3 order 3 Failed 1067"]),
            (
                Reconnect,
                &[
                    "dismiss",
                    "welcome, Failed",
                    "#1 order 1 Done",
                    "#2 order 2 Done",
                    "#3 order 3 Failed 1067",
                ],
            ),
        ],
    );
    check_from_online(
        "offline that left something",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Returns("the look at the leaf", Returned::Looked(Err(cause()))), &["#3 order 3 Failed 1067"]),
            (Offline, &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#4 order 4 Done"]),
        ],
    );
    check_from_online(
        "opened again by a service that knows that what failed is over",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", Returned::Operation(Err(failed()))), &["#3 order 3 Failed 1067"]),
            (Open, &["call Configure"]),
            (Returns("Configure", Returned::Nothing), &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#4 order 4 Done"]),
            (Online, &["call Online"]),
        ],
    );
    check(
        "open",
        &[
            (Open, &["call Open"]),
            (Online, &[]),
            (
                Returns("Open", Returned::Opened(Err(cause()))),
                &["#1 order 1 Failed 1067", "#2 order 2 NotOpen", "forget"],
            ),
            (Again(1), &["#1 order 1 Failed 1067"]),
            (Acknowledge(2), &[]),
            (Again(1), &["#3 order 1 Failed 1067"]),
            (Open, &["call Open"]),
        ],
    );
    check(
        "online; a veto is a failure there",
        &[
            (Open, &["call Open"]),
            (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
            (Online, &["call Online"]),
            (Returns("Online", Returned::Operation(Err(vetoed()))), &["#2 order 2 Failed 1067"]),
            (Online, &["call Online"]),
        ],
    );
}

#[test]
fn terminate_overtakes() {
    check_from_online(
        "a call that has not returned: its return is waited for, its result is not",
        &[
            (Offline, &["call Offline"]),
            (Terminate, &["cancel 2", "#3 order 3 Cancelled", "call Terminate"]),
            (Terminate, &[]),
            (Again(4), &[]),
            (Returns("Terminate", terminated()), &[]),
            (Finishes(2, Ok(())), &[]),
            (Progresses(2, 3), &[]),
            (Returns("Offline", done()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#4 order 4 Done", "call Terminate"]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#5 order 5 Done"]),
            (Online, &["call Online"]),
        ],
    );
    check_from_online(
        "a pending operation and what waits behind it",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Online, &[]),
            (Terminate, &["cancel 2", "#3 order 3 Cancelled", "#4 order 4 Cancelled", "call Terminate"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (
                Returns("the clearing of the leaf", Returned::Looked(Err(cause()))),
                &["#5 order 5 Failed 1067"],
            ),
        ],
    );
    check_from_online(
        "a health check is not waited for",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Offline, &[]),
            (Terminate, &["cancel 0", "#3 order 3 Cancelled", "call Terminate"]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#4 order 4 Done"]),
            (Online, &[]),
            (Returns("LooksAlive", Returned::LooksAlive(false)), &["call Online"]),
        ],
    );
    check(
        "open cannot be overtaken",
        &[
            (Open, &["call Open"]),
            (Terminate, &[]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline", "call Terminate"]),
        ],
    );
    check_from_online(
        "a terminate that fails leaves it failed, however clear the leaf is",
        &[
            (Terminate, &["call Terminate"]),
            (Returns("Terminate", Returned::Terminated(Err(cause()))), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#3 order 3 Failed 1067"]),
        ],
    );
}

#[test]
fn repetitions_and_epochs() {
    check_from_online(
        "a repeated order is done once",
        &[
            (Again(1), &["#1 order 1 Done"]),
            (Again(2), &["#2 order 2 Done"]),
            (Acknowledge(2), &[]),
            (Again(2), &["#3 order 2 Done"]),
            (Offline, &["call Offline"]),
            (Again(3), &[]),
            (Online, &[]),
            (Again(4), &[]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Again(3), &[]),
            (Returns("the look at the leaf", empty()), &["#4 order 3 Done", "call Online"]),
            (Again(3), &["#4 order 3 Done"]),
        ],
    );
    check_from_online(
        "an old epoch",
        &[
            (Epoch(2), &[]),
            (Online, &["#3 order 3 Done"]),
            (Epoch(1), &[]),
            (Offline, &["#4 order 4 StaleEpoch 2"]),
            (Terminate, &["#5 order 5 StaleEpoch 2"]),
            (Again(2), &["#2 order 2 Done"]),
        ],
    );
    check_from_online(
        "opened again while it is held",
        &[(Open, &["#3 order 3 FoundOnline", "call Configure"])],
    );
}
