//! Names: what people and other tools will trip over.

use std::collections::BTreeSet;

use mainstay_engine::View;
use mainstay_types::name::fold;
use mainstay_types::validation::{Check, Verdict};

const AREA: &str = "names";

/// How many names one check shows.
const SHOWN_MAX: usize = 5;

pub(super) fn check(view: View<'_>) -> Vec<Check> {
    let node = view.node(view.local_node()).map(|node| node.name.to_string()).unwrap_or_default();
    let uname = rustix::system::uname();
    let host = uname.nodename().to_string_lossy();
    let model = view.model();
    let groups: BTreeSet<String> = model.groups().map(|group| fold(group.name.as_str())).collect();
    let resources: Vec<String> = model.resources().map(|resource| resource.name.to_string()).collect();
    let all: Vec<String> =
        resources.iter().cloned().chain(model.groups().map(|it| it.name.to_string())).collect();
    vec![of_node(&node, &host), shared(&resources, &groups), strange(&all)]
}

fn of_node(node: &str, host: &str) -> Check {
    let short = host.split('.').next().unwrap_or(host);
    if fold(node) == fold(host) || fold(node) == fold(short) {
        return Check::ok(AREA, "node", format!("'{node}' is the machine's name too"));
    }
    Check::bad(
        Verdict::Warning,
        AREA,
        "node",
        format!("'{node}', while the machine is called '{host}'"),
        "name the machine as the node, so that nobody looks for one and finds the other",
    )
}

/// Commands that take either take the resource.
fn shared(resources: &[String], groups: &BTreeSet<String>) -> Check {
    let both: Vec<&String> = resources.iter().filter(|name| groups.contains(&fold(name))).collect();
    match both.is_empty() {
        true => Check::ok(AREA, "resources and groups", "no two share a name"),
        false => Check::bad(
            Verdict::Warning,
            AREA,
            "resources and groups",
            format!("a resource and a group are both called {}", quoted(&both)),
            "commands that take either, such as 'mainstay explain', take the resource; use the group's id there",
        ),
    }
}

/// What a terminal does not show, or shows like something else.
fn strange(names: &[String]) -> Check {
    let is_strange = |name: &&String| name.trim() != name.as_str() || name.chars().any(is_unseen);
    let found: Vec<&String> = names.iter().filter(is_strange).collect();
    match found.is_empty() {
        true => Check::ok(AREA, "spelling", "every name can be read and typed"),
        false => Check::bad(
            Verdict::Warning,
            AREA,
            "spelling",
            format!("{} have characters that nobody sees", quoted(&found)),
            "rename them",
        ),
    }
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn quoted(names: &[&String]) -> String {
    let shown: Vec<String> =
        names.iter().take(SHOWN_MAX).map(|name| format!("'{}'", name.escape_debug())).collect();
    match names.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_trip_over_is_seen() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_node("n1", "N1").verdict, Verdict::Ok);
        assert_eq!(of_node("n1", "n1.example.org").verdict, Verdict::Ok);
        assert_eq!(of_node("n1", "n2").verdict, Verdict::Warning);
        let groups = names(&["shop"]).into_iter().collect();
        assert_eq!(shared(&names(&["db"]), &groups).verdict, Verdict::Ok);
        assert_eq!(shared(&names(&["db", "Shop"]), &groups).verdict, Verdict::Warning);
        assert_eq!(strange(&names(&["größe", "big db"])).verdict, Verdict::Ok);
        for name in ["a\u{200b}b", "a\u{a0}b", "db "] {
            assert_eq!(strange(&names(&[name])).verdict, Verdict::Warning, "{name:?}");
        }
        let many = names(&["a ", "b ", "c ", "d ", "e ", "f "]);
        assert!(strange(&many).seen.contains("and 1 more"), "{:?}", strange(&many));
    }
}
