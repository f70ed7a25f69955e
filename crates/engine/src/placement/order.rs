//! The order in which decisions are made and carried out: by priority, what others need first, then by name.
//!
//! A group that others need inherits the highest priority of those among them that are to be online: otherwise a
//! provider of low priority would hold up what matters most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mainstay_types::GroupId;

use super::situation::Group;

/// The positions of the groups in their order. It depends on the groups alone, not on where they stand in the list.
pub(super) fn order(groups: &[Group]) -> Vec<usize> {
    let position: BTreeMap<GroupId, usize> =
        groups.iter().enumerate().map(|(index, group)| (group.id, index)).collect();
    let providers: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| group.depends_on.iter().filter_map(|id| position.get(id).copied()).collect())
        .collect();
    let sorted = providers_first(&providers);
    let mut depth = vec![0usize; groups.len()];
    for &index in &sorted {
        depth[index] = providers[index].iter().map(|provider| depth[*provider] + 1).max().unwrap_or(0);
    }
    let mut inherited: Vec<u32> = groups.iter().map(|group| group.terms.priority).collect();
    for &index in sorted.iter().rev().filter(|index| groups[**index].wanted) {
        for &provider in &providers[index] {
            inherited[provider] = inherited[provider].max(inherited[index]);
        }
    }
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|a, b| {
        let rank =
            |index: usize| (Reverse(inherited[index]), depth[index], Reverse(groups[index].terms.priority));
        let by_name = || groups[*a].name.cmp(&groups[*b].name).then(groups[*a].id.cmp(&groups[*b].id));
        rank(*a).cmp(&rank(*b)).then_with(by_name)
    });
    order
}

/// Every group after those that it needs. Groups in a circle, which no configuration allows, are left out.
fn providers_first(providers: &[Vec<usize>]) -> Vec<usize> {
    let mut dependents = vec![Vec::new(); providers.len()];
    let mut missing: Vec<usize> = providers.iter().map(Vec::len).collect();
    for (index, needed) in providers.iter().enumerate() {
        for &provider in needed {
            dependents[provider].push(index);
        }
    }
    let mut sorted: Vec<usize> = (0..providers.len()).filter(|index| missing[*index] == 0).collect();
    let mut next = 0;
    while let Some(&provider) = sorted.get(next) {
        next += 1;
        for &dependent in &dependents[provider] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                sorted.push(dependent);
            }
        }
    }
    sorted
}
