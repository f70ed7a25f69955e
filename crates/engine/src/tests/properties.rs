//! Every common property of every class of objects: shown, set, refused, taken back.

use mainstay_proplist::{Property, PropertyList, Value, default_of, multi_string};
use mainstay_types::control::{function, object};
use mainstay_types::property::{
    CLUSTER, DefaultValue, Format, GROUP, GROUP_SET, NETWORK, NETWORK_INTERFACE, NODE, PropertyAccess,
    RESOURCE, RESOURCE_TYPE, Spec, Table,
};
use mainstay_types::{ControlCode, Name, NodeId, ObjectId, Status};

use crate::command::Command;
use crate::effect::Answer;
use crate::testing::World;

const MODIFY: u32 = 1 << 22;

/// One object of every class, and its table.
struct Class {
    object: ObjectId,
    code: u32,
    table: Table,
}

fn classes(world: &mut World) -> Vec<Class> {
    let group = world.group("g");
    let resource = world.resource(group, "x");
    let set = world.group_set("s");
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    let (network, interface) = (world.networks()[0].id, world.interfaces()[0].id);
    let type_name = Name::parse("Generic Application").unwrap();
    let class = |object, code, table| Class { object, code, table };
    vec![
        class(ObjectId::Cluster, object::CLUSTER, CLUSTER),
        class(ObjectId::Node(NodeId(1)), object::NODE, NODE),
        class(ObjectId::Group(group), object::GROUP, GROUP),
        class(ObjectId::Resource(resource), object::RESOURCE, RESOURCE),
        class(ObjectId::ResourceType(type_name), object::RESOURCE_TYPE, RESOURCE_TYPE),
        class(ObjectId::GroupSet(set), object::GROUP_SET, GROUP_SET),
        class(ObjectId::Network(network), object::NETWORK, NETWORK),
        class(ObjectId::NetworkInterface(interface), object::NETWORK_INTERFACE, NETWORK_INTERFACE),
    ]
}

impl Class {
    fn control(&self, world: &mut World, function: u32, input: Vec<u8>) -> Answer {
        let code = ControlCode(self.code | function);
        let call = world.call(Command::Control {
            object: self.object.clone(),
            code,
            input,
            output_length_max: 1 << 20,
        });
        world.answer(call).clone()
    }

    fn list(&self, world: &mut World, function: u32) -> PropertyList {
        let answer = self.control(world, function, Vec::new());
        assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
        PropertyList::parse(&answer.output).unwrap()
    }

    fn shown(&self, world: &mut World, spec: &Spec) -> Option<Value> {
        let function = match spec.access {
            PropertyAccess::ReadWrite => function::GET_COMMON_PROPERTIES,
            PropertyAccess::ReadOnly => function::GET_RO_COMMON_PROPERTIES,
        };
        self.list(world, function).get(spec.name).cloned()
    }

    /// Sets, after asking whether it may be set: the answers are the same, and asking changes nothing.
    fn set(&self, world: &mut World, list: &PropertyList) -> Answer {
        let (before, input) = (world.database(), list.to_bytes().unwrap());
        let validated = self.control(world, function::VALIDATE_COMMON_PROPERTIES, input.clone());
        assert_eq!(world.database(), before);
        let answer = self.control(world, function::SET_COMMON_PROPERTIES | MODIFY, input);
        assert_eq!((validated.status, validated.text), (answer.status, answer.text.clone()));
        answer
    }

    /// Refused, with a text that names the property and says this, and nothing of the list was set.
    fn refuses(&self, world: &mut World, spec: &Spec, values: Vec<Value>, status: Status, says: &str) {
        let mut list = PropertyList::new().with("Description", "not to be seen".to_owned());
        if let ObjectId::GroupSet(_) = self.object {
            list = PropertyList::new();
        } else if spec.name == "Description" {
            list = PropertyList::new().with("FaultDomain", vec!["not to be seen".to_owned()]);
            list = if self.table.find("FaultDomain").is_some_and(|other| other.format == Format::MultiSz) {
                list
            } else {
                PropertyList::new()
            };
        }
        list.push(Property::new(spec.name, values));
        let before = world.database();
        let answer = self.set(world, &list);
        let text = &answer.text;
        assert_eq!(answer.status, status, "{} of {:?}: {text}", spec.name, self.object);
        assert!(
            text.contains(spec.name) && text.contains(says),
            "{} of {:?}: {text}",
            spec.name,
            self.object
        );
        assert_eq!(world.database(), before, "{} of {:?}", spec.name, self.object);
    }

    fn takes(&self, world: &mut World, spec: &Spec, value: &Value, shown: &Value) {
        let answer = self.set(world, &PropertyList::new().with(spec.name, value.clone()));
        assert_eq!(answer.status, Status::SUCCESS, "{} {value:?}: {}", spec.name, answer.text);
        assert_eq!(self.shown(world, spec).as_ref(), Some(shown), "{} of {:?}", spec.name, self.object);
    }
}

/// Numbers at the borders of what a DWORD takes, inside.
fn borders(spec: &Spec) -> Vec<u32> {
    match (spec.supported, spec.name) {
        (Some(supported), _) => supported.numbers.to_vec(),
        // These two have to fit each other: the defaults are 15 and 60 minutes.
        (None, "RestartPeriod") => vec![0, 3_600_000],
        (None, "RetryPeriodOnFailure") => vec![900_000, u32::MAX],
        (None, _) => {
            let mut numbers = vec![spec.range.min, spec.range.max];
            numbers.extend(spec.range.also);
            numbers
        }
    }
}

/// Values that the property takes.
fn good(spec: &Spec) -> Vec<Value> {
    if spec.name == "Security Descriptor" {
        return vec![Value::Binary(mainstay_security::default_descriptor().to_bytes().unwrap())];
    }
    match spec.format {
        Format::Dword => borders(spec).into_iter().map(Value::Dword).collect(),
        Format::Sz => vec!["a text".into(), String::new().into()],
        Format::MultiSz => vec![vec!["a".to_owned(), "b c".to_owned()].into(), Vec::<String>::new().into()],
        Format::ULargeInteger => vec![Value::ULarge(0), Value::ULarge(u64::MAX)],
        Format::FileTime => vec![Value::FileTime(0), Value::FileTime(u64::MAX)],
        Format::Binary if spec.supported.is_some() => Vec::new(),
        Format::Binary => vec![Value::Binary(vec![0, 255])],
        other => panic!("{} has a format without a test: {other:?}", spec.name),
    }
}

/// Numbers just outside of the range.
fn outside(spec: &Spec) -> Vec<u32> {
    let range = spec.range;
    let around = [range.min.checked_sub(1), range.max.checked_add(1)];
    around.into_iter().flatten().filter(|number| !range.contains(*number)).collect()
}

/// Numbers of the range that are not true here.
fn unsupported(spec: &Spec) -> Vec<u32> {
    let Some(supported) = spec.supported else { return Vec::new() };
    let candidates = [spec.range.min, spec.range.max, supported.numbers.first().map_or(0, |n| n + 1)];
    let is_refused = |n: &u32| spec.range.contains(*n) && !supported.numbers.contains(n);
    candidates.into_iter().filter(is_refused).collect()
}

/// What holds as long as nobody has set anything, where that is not the table's default.
fn stated(object: &ObjectId, name: &str) -> Option<Value> {
    Some(match (object, name) {
        (ObjectId::Cluster, "Security Descriptor") => {
            Value::Binary(mainstay_security::default_descriptor().to_bytes().unwrap())
        }
        (ObjectId::Cluster, "FQDN") => "test".into(),
        (ObjectId::Cluster, "Id") => "00000000-0000-0000-0000-000000000001".into(),
        (ObjectId::Cluster, "ClusterFunctionalLevel") => 9u32.into(),
        (ObjectId::Cluster, "ClusterUpgradeVersion") => 3u32.into(),
        (ObjectId::Node(_), "NodeName") => "alpha".into(),
        (ObjectId::Node(_), "NodeInstanceID") => "00000000-0000-0000-0000-000000000001".into(),
        (ObjectId::Node(_), "NodeHighestVersion" | "NodeLowestVersion") => 0x0009_0003u32.into(),
        (ObjectId::Node(_), "MajorVersion") => 10u32.into(),
        (ObjectId::Node(_), "MinorVersion" | "BuildNumber") => 0u32.into(),
        (ObjectId::Node(_), "CSDVersion") => mainstay_types::version::SERVICE_PACK.into(),
        (ObjectId::Group(_), "Name") => "g".into(),
        (ObjectId::Resource(_), "Name") => "x".into(),
        (ObjectId::GroupSet(_), "Name") => "s".into(),
        (ObjectId::Network(_), "Name") | (ObjectId::NetworkInterface(_), "Network") => {
            "Cluster Network 1".into()
        }
        (ObjectId::Network(_), "Address") => "192.0.2.0".into(),
        (ObjectId::Network(_), "AddressMask") => "255.255.255.0".into(),
        (ObjectId::Network(_), "IPv4Addresses") => Value::MultiSz(vec!["192.0.2.0".into()]),
        (ObjectId::Network(_), "IPv4PrefixLengths") => Value::MultiSz(vec!["24".into()]),
        (ObjectId::Network(_), "Metric") => 80_000u32.into(),
        (ObjectId::NetworkInterface(_), "Name") => "alpha - eth0".into(),
        (ObjectId::NetworkInterface(_), "Node") => "alpha".into(),
        (ObjectId::NetworkInterface(_), "Adapter") => "eth0".into(),
        (ObjectId::NetworkInterface(_), "AdapterId") => "02:00:00:00:00:01".into(),
        (ObjectId::NetworkInterface(_), "Address") => "192.0.2.7".into(),
        (ObjectId::NetworkInterface(_), "IPv4Addresses") => Value::MultiSz(vec!["192.0.2.7".into()]),
        (ObjectId::Resource(_), "Type") | (ObjectId::ResourceType(_), "Name") => "Generic Application".into(),
        // The process of the pool host.
        (ObjectId::Resource(_), "MonitorProcessId") => 101u32.into(),
        _ => return None,
    })
}

#[test]
fn formats_and_names_list_exactly_the_table() {
    let mut world = World::default();
    for class in classes(&mut world) {
        let names: Vec<&str> = class.table.iter().map(|spec| spec.name).collect();
        let answer = class.control(&mut world, function::ENUM_COMMON_PROPERTIES, Vec::new());
        assert_eq!(multi_string::parse(&answer.output).unwrap(), names);
        let formats = class.list(&mut world, function::GET_COMMON_PROPERTY_FMTS);
        let listed: Vec<(&str, Option<u16>)> =
            formats.iter().map(|found| (found.name(), found.value().and_then(Value::as_word))).collect();
        let expected: Vec<(&str, Option<u16>)> =
            class.table.iter().map(|spec| (spec.name, Some(spec.format.number()))).collect();
        assert_eq!(listed, expected);
        if let ObjectId::ResourceType(_) = class.object {
            let of_resources = class.list(&mut world, function::GET_COMMON_RESOURCE_PROPERTY_FMTS);
            let listed: Vec<&str> = of_resources.iter().map(|found| found.name()).collect();
            assert_eq!(listed, RESOURCE.iter().map(|spec| spec.name).collect::<Vec<_>>());
        }
        for (function, access) in [
            (function::GET_COMMON_PROPERTIES, PropertyAccess::ReadWrite),
            (function::GET_RO_COMMON_PROPERTIES, PropertyAccess::ReadOnly),
        ] {
            let shown = class.list(&mut world, function);
            let shown: Vec<&str> = shown.iter().map(|found| found.name()).collect();
            let of_access = class.table.iter().filter(|spec| spec.access == access);
            assert_eq!(shown, of_access.map(|spec| spec.name).collect::<Vec<_>>(), "{:?}", class.object);
        }
    }
}

#[test]
fn what_nobody_has_set_has_its_default() {
    let mut world = World::default();
    for class in classes(&mut world) {
        for spec in class.table.iter() {
            let expected = stated(&class.object, spec.name).or_else(|| default_of(spec));
            let shown = class.shown(&mut world, spec);
            assert!(expected.is_some(), "{} of {:?} is {shown:?}", spec.name, class.object);
            assert_eq!(shown, expected, "{} of {:?}", spec.name, class.object);
        }
    }
}

#[test]
fn every_property_takes_what_it_may_and_its_default_again() {
    let mut world = World::default();
    for class in classes(&mut world) {
        for spec in class.table.writable() {
            let before = class.shown(&mut world, spec).unwrap();
            for value in good(spec) {
                class.takes(&mut world, spec, &value, &value);
            }
            if spec.name == "Security Descriptor" {
                let nothing = vec![Value::NoData(Format::Binary)];
                let status = Status::CLUSTER_INVALID_SECURITY_DESCRIPTOR;
                let answer =
                    class.set(&mut world, &[Property::new(spec.name, nothing)].into_iter().collect());
                assert_eq!(answer.status, status);
                continue;
            }
            class.takes(&mut world, spec, &Value::NoData(spec.format), &before);
        }
        // What was shown before holds after a restart of the service too.
        let before = class.list(&mut world, function::GET_COMMON_PROPERTIES);
        world.restart_service();
        assert_eq!(class.list(&mut world, function::GET_COMMON_PROPERTIES), before);
    }
}

#[test]
fn a_long_is_taken_for_a_dword() {
    let mut world = World::default();
    for class in classes(&mut world) {
        for spec in class.table.writable().filter(|spec| spec.range.contains(u32::MAX)) {
            if spec.format == Format::Dword && spec.supported.is_none() && spec.name != "RestartPeriod" {
                class.takes(&mut world, spec, &Value::Long(-1), &Value::Dword(u32::MAX));
            }
        }
    }
}

#[test]
fn every_property_refuses_what_it_may_not() {
    let mut world = World::default();
    for class in classes(&mut world) {
        for spec in class.table.iter() {
            let some = default_of(spec).unwrap_or(Value::NoData(spec.format));
            if !spec.is_writable() {
                let status = Status::RESOURCE_PROPERTY_UNCHANGEABLE;
                class.refuses(&mut world, spec, vec![some], status, "read-only");
                continue;
            }
            let wrong: Value = if spec.format == Format::Sz { 1u32.into() } else { "1".into() };
            let status = Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH;
            class.refuses(&mut world, spec, vec![wrong], status, spec.format.word());
            let two = vec![some.clone(), some];
            class.refuses(&mut world, spec, two, Status::INVALID_PARAMETER, "one value and not 2");
            if let DefaultValue::Dword(_) = spec.default {
                for number in outside(spec) {
                    let status = Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS;
                    class.refuses(&mut world, spec, vec![number.into()], status, &number.to_string());
                }
                for number in unsupported(spec) {
                    let says = format!("cannot be {number}");
                    class.refuses(&mut world, spec, vec![number.into()], Status::NOT_SUPPORTED, &says);
                }
            } else if spec.supported.is_some() {
                let value = vec![Value::Binary(vec![1])];
                class.refuses(&mut world, spec, value, Status::NOT_SUPPORTED, "an empty value");
            }
        }
        let known = match class.object {
            ObjectId::GroupSet(_) => PropertyList::new().with("StartupDelay", 1u32),
            _ => PropertyList::new().with("Description", "x".to_owned()),
        };
        let unknown = known.with("NoSuch", 1u32);
        let before = world.database();
        let answer = class.set(&mut world, &unknown);
        assert_eq!(answer.status, Status::INVALID_PARAMETER);
        assert!(answer.text.contains("'NoSuch'"), "{}", answer.text);
        assert_eq!(world.database(), before);
    }
}

#[test]
fn a_long_is_held_against_other_properties_as_a_dword_is() {
    let mut world = World::default();
    let group = world.group("g");
    let object = ObjectId::Resource(world.resource(group, "r"));
    for value in [Value::Dword(u32::MAX), Value::Long(-1)] {
        let input = PropertyList::new().with("RestartPeriod", value.clone()).to_bytes().unwrap();
        let code = ControlCode(object::RESOURCE | function::SET_COMMON_PROPERTIES | MODIFY);
        let set = Command::Control { object: object.clone(), code, input, output_length_max: 0 };
        let call = world.call(set);
        let answer = world.answer(call);
        assert!(
            !answer.status.is_success() && answer.text.contains("RetryPeriodOnFailure"),
            "{value:?}: {}",
            answer.text
        );
    }
}
