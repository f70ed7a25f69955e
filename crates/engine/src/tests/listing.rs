//! All groups and resources with the properties that the caller names (opnums 143 and 144).

use mainstay_proplist::{PropertyList, multi_string};
use mainstay_types::control::{function, object};
use mainstay_types::{ControlCode, GroupState, ObjectId, ResourceState, Status};

use crate::command::Command;
use crate::testing::World;
use crate::view::{ListedGroup, ListedResource};

fn names(names: &[&str]) -> Vec<u8> {
    multi_string::build(names).unwrap()
}

/// The one text without the NUL that closes a list, as many callers pass it.
fn bare(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// The names of the properties in a list, if there is a list.
type Shown<'a> = Option<&'a [&'a str]>;

fn shown(bytes: Option<&Vec<u8>>) -> Option<Vec<String>> {
    let list = PropertyList::parse(bytes?).unwrap();
    Some(list.iter().map(|property| property.name().to_owned()).collect())
}

#[test]
fn what_is_named_is_shown_and_what_nobody_knows_is_refused() {
    let mut world = World::default();
    let group = world.group("g");
    world.resource(group, "x");
    let check = |names: &[u8], ro_names: &[u8], expected: Result<(Shown<'_>, Shown<'_>), Status>| {
        let view = world.engine.view();
        let found = view.list_resources(names, ro_names).map_err(|refusal| refusal.status());
        let found = found.map(|listed| {
            let properties = listed[0].properties.clone();
            (shown(properties.writable.as_ref()), shown(properties.read_only.as_ref()))
        });
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let expected = expected.map(|(writable, ro)| (writable.map(owned), ro.map(owned)));
        assert_eq!(found, expected, "{names:?} {ro_names:?}");
    };
    let none: &[u8] = &[];
    check(none, none, Ok((None, None)));
    check(
        &names(&["pendingtimeout", "Description"]),
        none,
        Ok((Some(&["Description", "PendingTimeout"]), None)),
    );
    check(&names(&["Description", "DESCRIPTION"]), none, Ok((Some(&["Description"]), None)));
    check(none, &names(&["Type"]), Ok((None, Some(&["Type"]))));
    check(&bare("Description"), &bare("Name"), Ok((Some(&["Description"]), Some(&["Name"]))));
    check(&names(&[]), none, Ok((Some(&[]), None)));
    for (names, ro_names) in [
        (names(&["NoSuch"]), Vec::new()),
        (names(&["Description", "NoSuch"]), Vec::new()),
        (Vec::new(), names(&["NoSuch"])),
        // Each list takes the names of its own kind.
        (names(&["Type"]), Vec::new()),
        (Vec::new(), names(&["Description"])),
        (names(&["*", "Description"]), Vec::new()),
        (vec![0x41], Vec::new()),
        (vec![0x00, 0xD8, 0, 0], Vec::new()),
    ] {
        check(&names, &ro_names, Err(Status::INVALID_PARAMETER));
    }
}

#[test]
fn the_star_is_what_the_control_codes_answer() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    let mut read = |object, code: u32| {
        let code = ControlCode(code);
        let call =
            world.call(Command::Control { object, code, input: Vec::new(), output_length_max: 1 << 20 });
        world.answer(call).output.clone()
    };
    let [common, ro] = [function::GET_COMMON_PROPERTIES, function::GET_RO_COMMON_PROPERTIES];
    let of_x = [common, ro].map(|code| read(ObjectId::Resource(x), object::RESOURCE | code));
    let of_g = [common, ro].map(|code| read(ObjectId::Group(group), object::GROUP | code));
    let view = world.engine.view();
    for star in [names(&["*"]), bare("*")] {
        let listed = view.list_resources(&star, &star).unwrap();
        let [ListedResource { id, info, group: of, properties }] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((*id, *of, info.group_name, info.name.as_str()), (x, group, "g", "x"));
        assert_eq!(info.state, ResourceState::Offline);
        assert_eq!([&properties.writable, &properties.read_only].map(|bytes| bytes.clone().unwrap()), of_x);
        let listed = view.list_groups(&star, &star).unwrap();
        let [ListedGroup { id, info, properties }] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((*id, info.name.as_str(), info.state), (group, "g", GroupState::Offline));
        assert_eq!(info.owner_name, world.engine.view().node(view.local_node()).unwrap().name.as_str());
        assert_eq!([&properties.writable, &properties.read_only].map(|bytes| bytes.clone().unwrap()), of_g);
    }
}
