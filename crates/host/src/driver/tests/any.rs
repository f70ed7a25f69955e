//! Whatever comes, in whatever order.

use mainstay_types::order::Outcome;
use proptest::prelude::*;

use super::*;
use crate::resource_type::Said;

fn any_input() -> impl Strategy<Value = In> {
    let result = prop_oneof![Just(Ok(())), Just(Err(failed())), Just(Err(vetoed()))];
    prop_oneof![
        2 => Just(Open),
        4 => Just(Online),
        4 => Just(Offline),
        3 => Just(Terminate),
        1 => Just(Close),
        1 => (1_u64..20).prop_map(Again),
        1 => Just(Configure),
        1 => Just(Fails),
        1 => Just(Reconnect),
        2 => (1_u64..2000).prop_map(Pass),
        3 => ((1_usize..12), result.clone()).prop_map(|(index, result)| Finishes(index, result)),
        4 => prop_oneof![Just(opened(Found::Offline)), Just(opened(Found::Online)), Just(Returned::Opened(Err(cause())))]
            .prop_map(|returned| Returns("Open", returned)),
        6 => (prop_oneof![Just("Online"), Just("Offline")], prop_oneof![
                Just(done()), Just(pending()), Just(Returned::Operation(Err(failed()))), Just(Returned::Operation(Err(vetoed())))
            ]).prop_map(|(entry_point, returned)| Returns(entry_point, returned)),
        4 => Just(Returns("the look at the leaf", empty())),
        4 => Just(Returns("Terminate", terminated())),
        4 => Just(Returns("the clearing of the leaf", empty())),
        2 => Just(Returns("LooksAlive", Returned::LooksAlive(true))),
        1 => Just(Returns("IsAlive", Returned::IsAlive(Err(cause())))),
        2 => Just(Returns("Configure", Returned::Nothing)),
        2 => Just(Returns("Close", Returned::Nothing)),
    ]
}

/// Lets everything that is outstanding return, until nothing is.
fn run_dry(bench: &mut Bench) {
    for _ in 0..200 {
        let Some(issue) = bench.calls.first() else {
            let pending = bench.core.resources.get(&RESOURCE).and_then(|held| held.running.clone());
            match pending.and_then(|running| running.operation) {
                None => return,
                Some(operation) => {
                    let actions = bench.said(Said::Finished { operation, result: Ok(()) });
                    actions.into_iter().for_each(|action| bench.note(action));
                    continue;
                }
            }
        };
        let returned = match &issue.call {
            Call::Open(_) => opened(Found::Offline),
            Call::Online { .. } | Call::Offline { .. } => done(),
            Call::Look | Call::Clear => empty(),
            Call::Terminate => terminated(),
            Call::LooksAlive => Returned::LooksAlive(true),
            Call::IsAlive => Returned::IsAlive(Ok(())),
            _ => Returned::Nothing,
        };
        let entry_point = issue.call.entry_point();
        bench.feed(Returns(entry_point, returned));
    }
    panic!("it does not come to rest: {:?}", bench.out);
}

proptest! {
    #[test]
    fn whatever_comes_each_order_ends_once_and_calls_do_not_overlap(
        inputs in proptest::collection::vec(any_input(), 1..60)
    ) {
        let mut bench = Bench::new();
        for input in inputs {
            bench.feed(input);
            let of = |lanes: &[Lane]| bench.calls.iter().filter(|issue| lanes.contains(&issue.call.lane())).count();
            prop_assert!(of(&[Lane::Orders, Lane::Health]) <= 1, "ordinary calls overlap: {:?}", bench.calls);
            prop_assert!(of(&[Lane::Urgent]) <= 1, "terminates overlap: {:?}", bench.calls);
        }
        run_dry(&mut bench);
        for order in &bench.orders {
            let ends = bench.ended.get(&order.id).cloned().unwrap_or_default();
            prop_assert!(!ends.is_empty(), "{} never ended: {:?}", order.id, bench.out);
            // An order that found no resource, or too many others, did nothing and may come again.
            let ends: Vec<Outcome> = ends
                .into_iter()
                .filter(|end| *end != Outcome::NotOpen && !matches!(end, Outcome::Failed(cause) if cause.status == Status::BUSY))
                .collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{} ended twice: {ends:?}", order.id);
        }
    }
}
