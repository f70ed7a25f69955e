//! The core as data: what comes in, and everything that comes out.

mod any;
mod bench;
mod health;
mod orders;
mod reports;
mod said;

use mainstay_types::Status;

use super::*;
use crate::resource_type::Found;
use bench::In::*;
use bench::*;

/// The door: each input, and all that it leads to.
fn check(case: &str, steps: &[(In, &[&str])]) {
    let mut bench = Bench::new();
    for (index, (input, expected)) in steps.iter().enumerate() {
        bench.feed(input.clone());
        assert_eq!(bench.out, *expected, "{case}: step {index}, {input:?}");
        bench.out.clear();
    }
}

/// Steps until the resource is online; two reports.
fn online() -> Vec<(In, &'static [&'static str])> {
    vec![
        (Open, &["call Open"]),
        (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
        (Online, &["call Online"]),
        (Returns("Online", done()), &["#2 order 2 Done"]),
    ]
}

fn check_from_online(case: &str, steps: &[(In, &'static [&'static str])]) {
    check(case, &[online(), steps.to_vec()].concat());
}
