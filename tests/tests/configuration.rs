//! The configuration as a file: exported, planned, applied, taken back.

use std::fs;

use mainstay_tests::TestCluster;
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, StepAction};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{ResourceState, Status};

fn some_cluster(cluster: &TestCluster) {
    cluster.application("shop", "disk", "sleep 1000");
    cluster.application("shop", "web", "sleep 1000");
    cluster.depend("web", "disk");
    cluster.set_common("web", &[("RestartAction", "0")]);
    cluster.mainstay(&["group", "set", "shop", "Priority=3000"]);
}

#[test]
fn a_configuration_goes_from_one_cluster_to_another() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    some_cluster(&cluster);
    let text = cluster.mainstay(&["cluster", "export"]);
    let path = cluster.file("cluster.toml");
    fs::write(&path, &text).unwrap();
    let file = path.to_str().unwrap();

    let Some(other) = TestCluster::start_or_skip() else { return };
    let plan = other.mainstay(&["cluster", "plan", file]);
    let at = |what: &str| plan.find(what).unwrap_or_else(|| panic!("{what} in {plan}"));
    assert!(at("+ create group 'shop'") < at("+ create resource 'disk'"));
    assert!(at("+ create resource 'disk'") < at("+ create resource 'web'"));
    assert!(other.glance_all().groups.is_empty(), "a plan does nothing");
    let done = other.mainstay(&["cluster", "apply", file, "--reason", "as on the first"]);
    assert!(done.contains("created resource 'web'"), "{done}");
    assert_eq!(other.mainstay(&["cluster", "export"]), text);
    assert_eq!(other.mainstay(&["cluster", "apply", file]), "", "the second time there is nothing to do");
    fs::write(&path, text.replace("([disk])", " [DISK] ")).unwrap();
    assert_eq!(other.mainstay(&["cluster", "plan", file]), "", "spelt otherwise, it says the same");
    other.carry_out(Verb::Online, "web");
    assert_eq!(other.state("disk"), ResourceState::Online);

    // What the file does not name any more goes only if that is said, and does not stop by surprise.
    let without_web = text.split("\n[resource.web]").next().unwrap();
    fs::write(&path, without_web).unwrap();
    for (flags, part) in
        [(&[][..], "refused: the file does not name it"), (&["--delete"], "take it offline first")]
    {
        let (code, plan, error) = other.mainstay_code(&[&["cluster", "plan", file], flags].concat());
        assert!(code == 1 && plan.contains(part), "{code} {plan} {error}");
        let (code, _, error) = other.mainstay_code(&[&["cluster", "apply", file], flags].concat());
        assert!(code == 1 && error.contains("nothing is applied"), "{code} {error}");
    }
    assert_eq!(other.state("web"), ResourceState::Online);
    let done = other.mainstay(&["cluster", "apply", file, "--delete", "--take-offline"]);
    assert!(done.contains("deleted resource 'web'"), "{done}");
    assert_eq!(other.state("disk"), ResourceState::Online);
    assert_eq!(other.mainstay(&["cluster", "export"]), without_web);

    // What the file says wrongly is told with its place, in one line.
    fs::write(&path, "format = 1\n[group.shop]\nPriority = 3\n").unwrap();
    let (code, _, error) = other.mainstay_code(&["cluster", "plan", file]);
    assert!(code == 2 && error.contains("line 3, column 1: unknown field `Priority`"), "{code} {error}");
    assert!(!error.contains("\\n"), "{error}");
}

#[test]
fn a_plan_shows_every_refusal_and_then_nothing_is_applied() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let path = cluster.file("cluster.toml");
    let file = path.to_str().unwrap();
    let nonsense = "[resource.new]\ntype = \"Generic Application\"\ngroup = \"aa1\"\n\
                    [resource.new.parameters]\nNonsense = 1\n";
    // The type is asked although nothing of it is there, not even its host.
    fs::write(&path, format!("format = 1\n[group.aa1]\n{nonsense}")).unwrap();
    let (code, plan, error) = cluster.mainstay_code(&["cluster", "plan", file]);
    assert!(code == 1 && plan.contains("'Nonsense' is no private property"), "{code} {plan} {error}");
    assert!(cluster.glance_all().groups.is_empty());

    some_cluster(&cluster);
    let before = cluster.mainstay(&["cluster", "export"]);
    let of =
        |more: &str| format!("[resource.bad]\ntype = \"Generic Application\"\ngroup = \"shop\"\n{more}\n");
    let mut chain = String::new();
    for number in 0..103 {
        let needs = match number {
            0 => String::new(),
            _ => format!("depends_on = \"[r{:03}]\"\n", number - 1),
        };
        let head = format!("[resource.r{number:03}]\ntype = \"Generic Application\"\ngroup = \"shop\"\n");
        chain.push_str(&format!("{head}{needs}"));
    }
    let parameters = "[resource.disk.parameters]\n";
    for (text, object, number) in [
        (before.clone() + "[resource.bad]\ntype = \"nope\"\ngroup = \"shop\"\n", "resource 'bad'", 5078),
        (before.replace("Priority = 3000", "Priority = 9999"), "group 'shop'", 5913),
        (before.clone() + &of("[resource.bad.properties]\nNoSuch = 1"), "resource 'bad'", 87),
        (before.clone() + &of("depends_on = \"[bad]\""), "resource 'bad'", 87),
        (before.clone() + &of("depends_on = \"[q\""), "resource 'bad'", 87),
        (before.clone() + "[group.odd]\npreferred_owners = [\"nonode\"]\n", "group 'odd'", 5042),
        (
            before.clone() + "[resource.bad]\ntype = \"Generic Application\"\ngroup = \"no\"\n",
            "resource 'bad'",
            5012,
        ),
        (before.clone() + &chain, "resource 'r10", 5929),
        (before.replace(parameters, &format!("{parameters}Nonsense = 1\n")), "resource 'disk'", 87),
        (before.clone() + nonsense, "resource 'new'", 87),
    ] {
        fs::write(&path, text.replacen("format = 1\n", "format = 1\n[group.aa1]\n", 1)).unwrap();
        let (code, plan, error) = cluster.mainstay_code(&["cluster", "plan", file]);
        assert_eq!(code, 1, "{object}: {plan}{error}");
        let step = plan.find(object).unwrap_or_else(|| panic!("{object}: {plan}"));
        let refusal = format!("{number} ERROR_");
        assert!(plan[step..].contains("refused: ") && plan[step..].contains(&refusal), "{object}: {plan}");
        let (_, document, _) = cluster.mainstay_code(&["cluster", "plan", file, "--json"]);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        let refused = |step: &&serde_json::Value| !step["refused"].is_null();
        let first = document.as_array().unwrap().iter().find(refused).unwrap();
        assert_eq!(first["status"]["number"], number, "{first}");
        let (code, out, error) = cluster.mainstay_code(&["cluster", "apply", file]);
        assert!(code == 1 && out.is_empty() && error.contains("nothing is applied"), "{code} {out}{error}");
        assert!(error.contains(&refusal), "{error}");
        assert_eq!(cluster.mainstay(&["cluster", "export"]), before, "{object}");
    }
}

#[test]
fn a_new_resource_is_judged_by_its_type_however_it_is_made() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.mainstay(&["group", "create", "g"]);
    let path = cluster.file("cluster.toml");
    let before = cluster.mainstay(&["cluster", "export"]);
    let create = [
        "resource",
        "create",
        "r",
        "--group",
        "g",
        "--type",
        "Generic Application",
        "--property",
        "Nonsense=1",
    ];
    let (code, _, error) = cluster.mainstay_code(&create);
    assert!(code == 1 && error.contains("resource 'r' was not created: "), "{code} {error}");
    assert_eq!(cluster.mainstay(&["cluster", "export"]), before);
    // A library is asked when it is made; the plan says so.
    let active = cluster.file("active");
    let text = format!(
        "{before}\n[resource.d]\ntype = \"dummy\"\ngroup = \"g\"\n[resource.d.parameters]\nActiveFile = \"{}\"\n",
        active.display()
    );
    fs::write(&path, &text).unwrap();
    let file = path.to_str().unwrap();
    let plan = cluster.mainstay(&["cluster", "plan", file]);
    assert!(plan.contains("note: its type sees the parameters only when it is made"), "{plan}");
    let done = cluster.mainstay(&["cluster", "apply", file]);
    assert!(done.contains("created resource 'd'"), "{done}");
    cluster.carry_out(Verb::Online, "d");
    assert!(active.exists(), "its parameters are there");
}

#[test]
fn what_somebody_else_did_since_the_plan_is_refused() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    some_cluster(&cluster);
    let mut client = cluster.client();
    let mut wanted = ConfiguredObject::new(ConfiguredKind::Group, "new");
    wanted.properties.insert("Priority".into(), Setting::Number(1000));
    let steps = |client: &mut mainstay_client::Cluster| {
        let mut all = client.configuration().unwrap();
        all.retain(|known| known.identity() != wanted.identity());
        all.push(wanted.clone());
        client.plan_configuration(&all).unwrap()
    };
    let [step] = steps(&mut client).try_into().unwrap();
    assert_eq!(step.action, StepAction::Create);
    cluster.mainstay(&["group", "create", "NEW"]);
    let (done, _) = client.configure(step.action, &step.object, None, "").unwrap();
    assert_eq!(done.status, Status::OBJECT_ALREADY_EXISTS, "{}", done.text);
    let [step] = steps(&mut client).try_into().unwrap();
    assert_eq!(step.action, StepAction::Change);
    cluster.mainstay(&["group", "delete", "new"]);
    let (done, _) = client.configure(step.action, &step.object, None, "").unwrap();
    assert_eq!(done.status, Status::GROUP_NOT_FOUND, "{}", done.text);
    let names: Vec<String> = cluster.glance_all().groups.iter().map(|group| group.name.to_string()).collect();
    assert_eq!(names, ["shop"]);
}

#[test]
fn what_somebody_has_changed_since_the_plan_is_refused_with_both_values() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "shop"]);
    cluster.mainstay(&["group", "set", "shop", "Priority=3000"]);
    let mut client = cluster.client();
    let mut wanted = client.configuration().unwrap();
    let shop = wanted.iter_mut().find(|object| object.name == "shop").unwrap();
    shop.properties.insert("Priority".into(), Setting::Number(1_000));
    let [step] = client.plan_configuration(&wanted).unwrap().try_into().unwrap();
    cluster.mainstay(&["group", "set", "shop", "Priority=2000"]);
    let (done, _) = client.configure(step.action, &step.object, Some(&step.differences), "").unwrap();
    let said =
        "'properties.Priority' of group 'shop' is 2000, and was 3000 when this was planned; plan again";
    assert_eq!((done.status.0, done.text.as_str()), (5986, said));
    // The same change by somebody else is no matter.
    cluster.mainstay(&["group", "set", "shop", "Priority=1000"]);
    let (done, _) = client.configure(step.action, &step.object, Some(&step.differences), "").unwrap();
    assert_eq!(done.status, Status::SUCCESS, "{}", done.text);
}

#[test]
fn every_change_has_its_author_and_is_taken_back() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    some_cluster(&cluster);
    let before = cluster.mainstay(&["cluster", "export"]);
    cluster.mainstay(&["resource", "set", "web", "RestartAction=1", "CommandLine=sleep 2000"]);
    cluster.mainstay(&["resource", "delete", "web"]);
    // The history is on the disk.
    cluster.kill_service();
    cluster.start_service();
    let history = cluster.mainstay(&["history", "web"]);
    assert!(history.contains("RestartAction: 0 -> 1"), "{history}");
    assert!(history.contains("CommandLine: \"sleep 1000\" -> \"sleep 2000\""), "{history}");
    assert!(history.contains("root (local socket, process") || history.contains("uid "), "{history}");
    let records: serde_json::Value =
        serde_json::from_str(&cluster.mainstay(&["history", "web", "--json", "--limit", "3"])).unwrap();
    let ids: Vec<&str> =
        records.as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap()).collect();
    // Newest first: the deletion, the private property, the common one.
    for (place, id) in ids.iter().enumerate() {
        if place == 0 {
            let (code, _, error) = cluster.mainstay_code(&["undo", ids[2]]);
            assert!(code == 1 && error.contains("resource 'web' is no longer there"), "{code} {error}");
        }
        let done = cluster.mainstay(&["undo", id]);
        assert!(done.contains("is undone"), "{done}");
    }
    assert_eq!(cluster.mainstay(&["cluster", "export"]), before);
    let (code, _, error) = cluster.mainstay_code(&["undo", "1-99999"]);
    assert!(code == 1 && error.contains("no operation 1-99999"), "{code} {error}");
    cluster.carry_out(Verb::Online, "web");
}

/// Its leaf was closed by the hard stop of its host, and the guard remembers that.
#[test]
fn what_is_brought_back_with_a_host_of_its_own_starts_again() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "web", "sleep 1000");
    cluster.set_common("web", &[("SeparateMonitor", "1")]);
    for verb in [Verb::Online, Verb::Offline] {
        assert_eq!(cluster.carry_out(verb, "web").end, Some(End::Done));
    }
    cluster.mainstay(&["resource", "delete", "web"]);
    let records: serde_json::Value =
        serde_json::from_str(&cluster.mainstay(&["history", "--json", "--limit", "1"])).unwrap();
    // What is left of it is removed after the answer; this waits for that.
    cluster.mainstay(&["undo", records[0]["id"].as_str().unwrap()]);
    let history = cluster.mainstay(&["history", "--limit", "1"]);
    assert!(history.contains("undo of resource 'web'"), "{history}");
    cluster.wait_for_state("web", ResourceState::Offline);
    cluster.kill_service();
    cluster.start_service();
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
}
