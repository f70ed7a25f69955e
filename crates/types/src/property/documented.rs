//! The page of properties names every one of them, under the heading of its class, and those that take less than the
//! API knows once more where it says so.

use super::{CLUSTER, GROUP, GROUP_SET, NETWORK, NETWORK_INTERFACE, NODE, RESOURCE, RESOURCE_TYPE, Table};

const PAGE: &str = include_str!("../../../../docs/properties.md");

/// The text under a heading, up to the next one of its rank.
fn section(heading: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no '{heading}'"));
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

const SECTIONS: &[(&str, Table)] = &[
    ("Resources", RESOURCE),
    ("Resource types", RESOURCE_TYPE),
    ("Groups", GROUP),
    ("The cluster", CLUSTER),
    ("Nodes", NODE),
    ("Networks and network interfaces", NETWORK),
    ("Networks and network interfaces", NETWORK_INTERFACE),
    ("Group sets", GROUP_SET),
];

#[test]
fn every_property_is_on_the_page() {
    for (heading, table) in SECTIONS {
        for spec in table.iter() {
            assert!(section(heading).contains(&format!("`{}`", spec.name)), "{heading}: {}", spec.name);
        }
    }
}

#[test]
fn every_property_that_takes_less_is_on_the_page() {
    let rows = section("Values that are refused here").lines().filter(|line| line.starts_with('|'));
    let refused: String = rows.collect();
    for spec in SECTIONS.iter().flat_map(|(_, table)| table.iter()) {
        let is_listed = refused.contains(&format!("`{}`", spec.name));
        let why = "it takes less than the API knows, or it is listed and takes everything";
        assert_eq!(is_listed, spec.supported.is_some(), "{}: {why}", spec.name);
    }
}
