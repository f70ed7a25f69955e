//! The one map from refusals to Win32 codes, and their words: a snapshot, so that a change is seen.

use mainstay_types::{NodeState, ResourceState, Status};

use crate::error::{ClusterError as C, Refusal, RequestError as R, ServiceError as S};

#[test]
fn every_refusal_has_its_status_and_says_what_it_is_about() {
    let s = |text: &str| text.to_owned();
    let (name, provider, node) = (|| s("db"), || s("disk"), || s("alpha"));
    let (object, property) = (|| s("resource 'db'"), || s("PendingTimeout"));
    let (state, way_out) = (ResourceState::OnlinePending, "wait");
    let refusals: Vec<Refusal> = vec![
        R::AccessDenied { verb: "offline" }.into(),
        R::Flags { flags: 0x80, allowed: "1, 2 and 4 are flags" }.into(),
        R::BufferTooLarge { length: 300_000, max: 262_144 }.into(),
        R::BufferMalformed { reason: s("byte 4") }.into(),
        R::Name { what: "group name", name: s(""), reason: s("the name is empty") }.into(),
        R::Value { what: "library", value: s("''"), allowed: s("name one") }.into(),
        R::Expression(s("the expression names 'x'")).into(),
        R::UnknownProperty { object: object(), property: property() }.into(),
        R::ReadOnlyProperty {
            object: object(),
            property: s("Name"),
            way_out: "; 'mainstay resource rename' and SetClusterResourceName rename it",
        }
        .into(),
        R::PropertyFormat { object: object(), property: property(), expected: "dword", found: "sz" }.into(),
        R::PropertyRange {
            object: object(),
            property: property(),
            value: s("5"),
            allowed: s("it takes 10 to 20"),
        }
        .into(),
        R::PropertyUnsupported {
            object: object(),
            property: property(),
            value: s("2"),
            allowed: s("only 1 is taken: a reason"),
        }
        .into(),
        R::SecurityDescriptor { reason: s("it is too short") }.into(),
        R::ControlCode { object: object(), code: s("0x01000000") }.into(),
        R::MoreData { needed: 8, offered: 4 }.into(),
        C::ResourceGone { id: s("1") }.into(),
        C::GroupGone { id: s("1") }.into(),
        C::NoGroup { name: name() }.into(),
        C::NodeGone { id: s("9") }.into(),
        C::TypeNotFound { name: name() }.into(),
        C::NameTaken { what: "group", name: name() }.into(),
        C::TypeExists { name: name() }.into(),
        C::NodeNotAvailable { node: node(), state: NodeState::Down }.into(),
        C::HostNotPossibleOwner { name: name(), node: node() }.into(),
        C::NotGroupOwner { name: s("g"), node: node(), owner: s("beta") }.into(),
        C::State { name: name(), state, way_out: way_out.into() }.into(),
        C::InOperation { name: name(), operation: s("1-42") }.into(),
        C::Failed { name: name() }.into(),
        C::Unproven { name: name() }.into(),
        C::BuiltInType { name: "Generic Application".into() }.into(),
        C::NothingToConfirm { name: name(), state: ResourceState::Online }.into(),
        C::ProcessesLeft { name: name() }.into(),
        C::NotRunning { name: name(), state: ResourceState::Offline }.into(),
        C::Locked { name: name(), reason: 7, way_out: "wait, or use the ignore-locked flag".into() }.into(),
        C::CheckRefused { name: name(), status: Status::DISK_FULL, text: s("no room") }.into(),
        C::GroupStays {
            name: name(),
            owner: node(),
            status: Status::CLUSTER_NODE_DOWN,
            reason: "there is no other node".into(),
        }
        .into(),
        C::NotPossibleOwner { name: name(), node: node() }.into(),
        C::DependentExists { name: name(), dependent: s("web") }.into(),
        C::DependencyNotFound { name: name(), provider: provider() }.into(),
        C::DependencyExists { name: name(), provider: provider() }.into(),
        C::NeedsItself { name: name() }.into(),
        C::Circle { name: name(), provider: provider(), through: "mid".into() }.into(),
        C::OtherGroup { name: name(), provider: provider() }.into(),
        C::TooDeep { name: name(), max: 100 }.into(),
        C::TooManyStayOffline { count: 41, max: 40 }.into(),
        C::NamedTwice { name: name(), provider: provider() }.into(),
        C::TooManyProviders { name: name(), max: 100 }.into(),
        C::DependentOnline { name: name(), providers: vec![provider()] }.into(),
        C::DependentOnline { name: name(), providers: vec![provider(), s("spare")] }.into(),
        C::DependentPending { name: name() }.into(),
        C::OwnerExists { name: name(), node: node() }.into(),
        C::OwnerNotFound { name: name(), node: node() }.into(),
        C::NotEmpty { what: "group", name: name(), count: 3 }.into(),
        C::NotEmpty { what: "group", name: name(), count: 1 }.into(),
        C::NotUndone { operation: "1-42".parse().unwrap(), reason: s("a later change stands against it") }
            .into(),
        C::Full { what: "resources", max: 16_384 }.into(),
        S::NotCommitted { reason: s("the disk is full") }.into(),
        S::Conflict.into(),
        S::Busy { what: "calls", max: 1024 }.into(),
        S::NoAnswer { object: "resource 'db'".into(), limit_ms: 1000 }.into(),
        S::NoHost { object: object(), reason: s("it is opened when it next goes online") }.into(),
        S::NotReady { reason: s("it has not read its database") }.into(),
        S::BackupRuns.into(),
        S::NotBackedUp { status: Status::ALREADY_EXISTS, reason: s("/b is there already") }.into(),
        S::Internal(s("a mistake")).into(),
    ];
    let lines: Vec<String> =
        refusals.iter().map(|refusal| format!("{}: {refusal}", refusal.status())).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
