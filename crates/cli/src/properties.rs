//! Properties of objects: read in their four sections, set by name.
//!
//! Owns how a name on the command line finds its section and its format: a property is common if the object's common
//! formats name it, else private. Whether a value may be what it is, the service decides.

use std::collections::BTreeMap;

use mainstay_client::{Asking, CallError, Cluster, SubmitObject, Target};
use mainstay_proplist::{PropertyList, Value, assignment};
use mainstay_types::configuration::Setting;
use mainstay_types::control::{function, object};
use mainstay_types::name::fold;
use mainstay_types::own_codes::plan as words;
use mainstay_types::plan::CallPlan;
use mainstay_types::property::{self, Format, PropertyAccess};
use mainstay_types::{ControlCode, Status};

use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::properties::{PropertiesDocument, PropertyDocument, properties};
use crate::plan;
use crate::render::{Cell, FAINT, STRONG, Table, styled};
use crate::settings;

/// The bit of codes that change something (clusapi.h, CLUSCTL_ACCESS_MODE and the modify bit).
const MODIFY: u32 = 0x0040_0000;

/// The words that choose a format in `NAME=WORD:VALUE`; what they do is said in [`assignment`].
const FORMAT_WORDS: &[Format] = &[
    Format::Dword,
    Format::Sz,
    Format::ExpandSz,
    Format::MultiSz,
    Format::Binary,
    Format::ULargeInteger,
    Format::Long,
    Format::LargeInteger,
    Format::Word,
    Format::FileTime,
    Format::SecurityDescriptor,
];

/// One letter in so many may be wrong in a name that is still known for another.
const SLIP_IN: usize = 3;

/// How many characters of a value are shown in text; `--json` shows all.
const SHOWN_LENGTH: usize = 200;

/// The four sections of an object's properties.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    common: PropertyList,
    common_read_only: PropertyList,
    private: PropertyList,
    private_read_only: PropertyList,
    /// What the service says of the private ones: its type did not answer.
    note: String,
}

/// An object whose properties are read or set.
#[derive(Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) subject: Subject<'a>,
}

impl Owner<'_> {
    fn code(&self, function: u32) -> ControlCode {
        let object = match self.target {
            Target::Cluster => object::CLUSTER,
            Target::ResourceType(_) => object::RESOURCE_TYPE,
            Target::Resource(_) => object::RESOURCE,
            Target::Group(_) => object::GROUP,
            Target::GroupSet(_) => object::GROUP_SET,
            Target::Network(_) => object::NETWORK,
            Target::NetInterface(_) => object::NETWORK_INTERFACE,
            Target::Node(_) => object::NODE,
        };
        ControlCode(object | function)
    }

    /// The list that a code answers; a code that the object does not know answers an empty one.
    fn list(&self, cluster: &mut Cluster, function: u32) -> Result<PropertyList, Failure> {
        let code = self.code(function);
        match cluster.control(self.target, None, code, None) {
            Ok(answer) => PropertyList::parse(&answer.output).map_err(|error| {
                Failure::new(
                    Exit::Unknown,
                    format!(
                        "the service answered {} with properties that cannot be read: {error}",
                        self.subject
                    ),
                )
            }),
            Err(CallError::Refused {
                status: Status::INVALID_FUNCTION | Status::NOT_SUPPORTED | Status::CALL_NOT_IMPLEMENTED,
                ..
            }) => Ok(PropertyList::new()),
            Err(error) => Err(Failure::of_call(cluster, &error, &self.subject)),
        }
    }

    /// Reads all sections.
    pub(crate) fn sections(&self, cluster: &mut Cluster) -> Result<Sections, Failure> {
        let mut sections = Sections {
            common: self.list(cluster, function::GET_COMMON_PROPERTIES)?,
            common_read_only: self.list(cluster, function::GET_RO_COMMON_PROPERTIES)?,
            private: self.list(cluster, function::GET_PRIVATE_PROPERTIES)?,
            ..Sections::default()
        };
        if matches!(self.target, Target::Resource(_)) {
            sections.note = cluster.explain().unwrap_or_default();
        }
        sections.private_read_only = self.list(cluster, function::GET_RO_PRIVATE_PROPERTIES)?;
        Ok(sections)
    }

    /// Sets properties by name; gives back notes. Each section is all or nothing, and where both are concerned, the
    /// private ones are looked at before the common ones are set.
    pub(crate) fn set(&self, cluster: &mut Cluster, assignments: &[String]) -> Result<Vec<String>, Failure> {
        let Sorted { common, private, unknown } = self.sort(cluster, assignments)?;
        if !common.is_empty() && !private.is_empty() {
            self.validate(cluster, &private)?;
        }
        let mut stored = false;
        if !common.is_empty() {
            stored |= self.send(cluster, function::SET_COMMON_PROPERTIES, &common)?;
        }
        if !private.is_empty() {
            let sent = self.send(cluster, function::SET_PRIVATE_PROPERTIES, &private);
            stored |= sent.map_err(|failure| match common.is_empty() {
                true => failure,
                false => half_set(failure, &common),
            })?;
        }
        let mut notes = self.notes(stored);
        if !private.is_empty() {
            notes.extend(remarks(cluster));
        }
        notes.extend(self.note_of_unknown(&unknown, "stored as private"));
        Ok(notes)
    }

    /// Sets private properties of a configuration, in the formats that are known; gives back notes.
    pub(crate) fn set_private(
        &self,
        cluster: &mut Cluster,
        given: &BTreeMap<String, Setting>,
    ) -> Result<Vec<String>, Failure> {
        let formats =
            self.formats(cluster, function::GET_PRIVATE_PROPERTY_FMTS, &[function::GET_PRIVATE_PROPERTIES])?;
        let mut list = PropertyList::new();
        for (name, setting) in given {
            let format = formats.find(name).map(|(_, format)| format);
            let cannot = || Failure::usage(format!("property '{name}': {setting} cannot be stored"));
            list.set(name.as_str(), settings::value(setting, format).ok_or_else(cannot)?);
        }
        let stored = !list.is_empty() && self.send(cluster, function::SET_PRIVATE_PROPERTIES, &list)?;
        let mut notes = self.notes(stored);
        if !list.is_empty() {
            notes.extend(remarks(cluster));
        }
        Ok(notes)
    }

    fn notes(&self, stored: bool) -> Vec<String> {
        let note = stored.then(|| {
            format!(
                "stored; what runs takes it up when {} next goes online ({})",
                self.subject,
                Status::RESOURCE_PROPERTIES_STORED
            )
        });
        note.into_iter().collect()
    }

    /// What setting properties by name would do, section by section, and the private ones first, as they are looked at.
    pub(crate) fn plan(
        &self,
        cluster: &mut Cluster,
        object: SubmitObject<'_>,
        assignments: &[String],
    ) -> Result<Vec<CallPlan>, Failure> {
        let Sorted { common, private, unknown } = self.sort(cluster, assignments)?;
        let note = self.note_of_unknown(&unknown, "it would be private");
        let mut plans = Vec::new();
        for (verb, list) in [(words::SET_PRIVATE, private), (words::SET_COMMON, common)] {
            if !list.is_empty() {
                let asking = Asking { buffer: &bytes(&list)?, ..Asking::new(verb, object) };
                let mut plan = plan::ask_call(&asking, self.subject, cluster)?;
                // What is refused would be nothing.
                plan.notes.splice(..0, note.clone().filter(|_| !plan::is_refused(&plan)));
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    /// Finds each property's section and reads its value by the format that is known for it.
    fn sort(&self, cluster: &mut Cluster, assignments: &[String]) -> Result<Sorted, Failure> {
        let common = self.formats(
            cluster,
            function::GET_COMMON_PROPERTY_FMTS,
            &[function::GET_COMMON_PROPERTIES, function::GET_RO_COMMON_PROPERTIES],
        )?;
        let private = |cluster: &mut Cluster| {
            self.formats(cluster, function::GET_PRIVATE_PROPERTY_FMTS, &[function::GET_PRIVATE_PROPERTIES])
        };
        let is_fixed = |name: &str| self.has_type() && is_fixed_of_resource(name);
        let mut sorted = sort_by(assignments, &common, is_fixed, private, cluster)?;
        if !self.has_type() {
            sorted.unknown =
                sorted.private.iter().map(|property| with_nearest(property.name(), [&common])).collect();
        }
        Ok(sorted)
    }

    /// The same for a resource of this type that is not there yet. A type that does not tell its formats leaves private
    /// values to their looks.
    pub(crate) fn sort_for_resource(
        &self,
        cluster: &mut Cluster,
        assignments: &[String],
    ) -> Result<(PropertyList, PropertyList), Failure> {
        let common = self.formats(cluster, function::GET_COMMON_RESOURCE_PROPERTY_FMTS, &[])?;
        let private =
            |cluster: &mut Cluster| self.formats(cluster, function::GET_PRIVATE_RESOURCE_PROPERTY_FMTS, &[]);
        let sorted = sort_by(assignments, &common, is_fixed_of_resource, private, cluster)?;
        check_formats(&sorted.common, &common)?;
        Ok((sorted.common, sorted.private))
    }

    /// A slip should not pass for a setting.
    fn note_of_unknown(&self, unknown: &[String], done: &str) -> Option<String> {
        let names = unknown.join(", ");
        let subject = &self.subject;
        Some(match self.has_type() {
            _ if unknown.is_empty() => return None,
            true => format!("the type of {subject} lists no property {names}; {done}"),
            false => format!("{subject} knows no property {names}; {done}, and {}", self.use_of_unknown()),
        })
    }

    /// What comes of a private property where there is no type that it is for.
    fn use_of_unknown(&self) -> &'static str {
        match self.target {
            Target::Node(_) | Target::Cluster => {
                "nothing but an agent that asks for it as an attribute reads it"
            }
            _ => "nothing comes of it",
        }
    }

    /// Whether there is a type that its private properties are for.
    fn has_type(&self) -> bool {
        matches!(self.target, Target::Resource(_))
    }

    /// The formats of a section: as the service lists them; where it lists none, as the values have them.
    fn formats(&self, cluster: &mut Cluster, listed: u32, values: &[u32]) -> Result<Formats, Failure> {
        let mut formats = Formats::default();
        formats.learn_listed(&self.list(cluster, listed)?);
        formats.are_all = !formats.known.is_empty();
        if !formats.are_all {
            for function in values {
                formats.learn_used(&self.list(cluster, *function)?);
            }
        }
        Ok(formats)
    }

    /// Asks whether private properties would be taken. A type that cannot tell says nothing against them.
    fn validate(&self, cluster: &mut Cluster, private: &PropertyList) -> Result<(), Failure> {
        let code = self.code(function::VALIDATE_PRIVATE_PROPERTIES);
        match cluster.control(self.target, None, code, Some(&bytes(private)?)) {
            Ok(_)
            | Err(CallError::Refused {
                status: Status::INVALID_FUNCTION | Status::NOT_SUPPORTED | Status::CALL_NOT_IMPLEMENTED,
                ..
            }) => Ok(()),
            Err(error) => Err(Failure::of_call(cluster, &error, &self.subject)),
        }
    }

    /// Sets one section; says whether it was stored for the next online only.
    fn send(&self, cluster: &mut Cluster, function: u32, list: &PropertyList) -> Result<bool, Failure> {
        let code = ControlCode(self.code(function).0 | MODIFY);
        match cluster.control(self.target, None, code, Some(&bytes(list)?)) {
            Ok(answer) => Ok(answer.status == Status::RESOURCE_PROPERTIES_STORED),
            Err(error) => Err(Failure::of_call(cluster, &error, &self.subject)),
        }
    }
}

/// Sorts assignments into common properties, which are those that these formats name, and private ones. The private
/// formats are asked for where there is need of them. A name that both have is the common property's, unless nobody could
/// set that: agents have parameters that are called `name`.
fn sort_by(
    assignments: &[String],
    common_formats: &Formats,
    is_fixed: impl Fn(&str) -> bool,
    private_formats_of: impl Fn(&mut Cluster) -> Result<Formats, Failure>,
    cluster: &mut Cluster,
) -> Result<Sorted, Failure> {
    let mut private_formats = None;
    let (mut common, mut private, mut unknown) = (PropertyList::new(), PropertyList::new(), Vec::new());
    for (name, text) in split(assignments)? {
        let as_common = common_formats.find(name);
        if let Some((known, format)) = as_common.filter(|_| !is_fixed(name)) {
            common.set(known, read_value(name, Some(format), text)?);
            continue;
        }
        let formats = match private_formats.take() {
            Some(formats) => formats,
            None => private_formats_of(cluster)?,
        };
        let formats = private_formats.insert(formats);
        let as_private = formats.find(name);
        if as_private.is_none() && as_common.is_none() && formats.are_all {
            unknown.push(with_nearest(name, [common_formats, &*formats]));
        }
        let (known, format) = match as_private.or(as_common) {
            Some((known, format)) => (known, Some(format)),
            None => (name, None),
        };
        let section = if as_private.is_none() && as_common.is_some() { &mut common } else { &mut private };
        section.set(known, read_value(name, format, text)?);
    }
    Ok(Sorted { common, private, unknown })
}

/// Whether a common property of resources is one that nobody can set.
fn is_fixed_of_resource(name: &str) -> bool {
    property::RESOURCE.find(name).is_some_and(|spec| spec.access == PropertyAccess::ReadOnly)
}

/// A name in quotes, with the one that it may have been meant for.
fn with_nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n Formats>) -> String {
    let distance = |known: &str| strsim::osa_distance(&fold(known), &fold(name));
    let names = known.into_iter().flat_map(|formats| formats.known.values()).map(|(name, _)| name.as_str());
    let nearest = names.min_by_key(|known| distance(known));
    // Of a short name most letters may be others by chance.
    match nearest.filter(|nearest| distance(nearest) * SLIP_IN <= name.chars().count()) {
        Some(nearest) => format!("'{name}' (is it '{nearest}'?)"),
        None => format!("'{name}'"),
    }
}

/// A configuration tells fewer formats apart than a property list. What would pass in it for another one is refused, as
/// the service refuses it in a list.
fn check_formats(common: &PropertyList, formats: &Formats) -> Result<(), Failure> {
    for property in common.effective() {
        let (Some(value), Some((name, expected))) = (property.value(), formats.find(property.name())) else {
            continue;
        };
        let found = value.format();
        if found != expected && (expected, found) != (Format::Dword, Format::Long) {
            let message = format!("property '{name}' is a {}, not a {}", expected.word(), found.word());
            let status = Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH;
            return Err(Failure::new(Exit::Refused, message).with_status(status));
        }
    }
    Ok(())
}

fn half_set(failure: Failure, common: &PropertyList) -> Failure {
    let names = common.iter().map(|property| property.name()).collect::<Vec<_>>().join(", ");
    let message =
        format!("the common properties ({names}) are set, the private ones are not: {}", failure.message);
    let exit = if failure.exit == Exit::Refused { Exit::EndedOtherwise } else { failure.exit };
    Failure { exit, message, ..failure }
}

/// A list's bytes. What cannot be written as a list was never asked of the service.
pub(crate) fn bytes(list: &PropertyList) -> Result<Vec<u8>, Failure> {
    list.to_bytes().map_err(|error| Failure::usage(error.to_string()))
}

/// Whether assignments are well spelt, as far as that can be said before the service is asked for formats.
pub(crate) fn check_spelling(assignments: &[String]) -> Result<(), Failure> {
    for (name, text) in split(assignments)? {
        if names_format(text) {
            read_value(name, None, text)?;
        }
    }
    Ok(())
}

/// Names and values as they were written. A property given twice has no one value.
fn split(assignments: &[String]) -> Result<Vec<(&str, &str)>, Failure> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for assignment in assignments {
        let pair = match assignment.split_once('=') {
            Some((name, value)) if !name.is_empty() => (name, value),
            _ => {
                let error = assignment::AssignmentError::NotAnAssignment(assignment.clone());
                return Err(Failure::usage(error.to_string()));
            }
        };
        if pairs.iter().any(|(name, _)| fold(name) == fold(pair.0)) {
            return Err(Failure::usage(format!("property '{}' is given twice", pair.0.escape_debug())));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

/// Reads a value: by the word before it where there is one, else by the known format, else by its looks.
fn read_value(name: &str, known: Option<Format>, text: &str) -> Result<Value, Failure> {
    let value = match known {
        Some(format) if !names_format(text) => assignment::parse_value_as(format, text),
        _ => assignment::parse_value(text),
    };
    value.map_err(|fault| {
        let name = name.to_owned();
        Failure::usage(assignment::AssignmentError::Value { name, fault }.to_string())
    })
}

fn names_format(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(word, _)| word == "unset" || FORMAT_WORDS.iter().any(|format| format.word() == word))
}

/// Assignments by their sections.
#[derive(Debug)]
struct Sorted {
    common: PropertyList,
    private: PropertyList,
    /// Names that nobody lists, in quotes, each with what it may have been meant for.
    unknown: Vec<String>,
}

/// What is known of the formats of a section.
#[derive(Debug, Default)]
struct Formats {
    /// By folded name, each with the name as the service writes it.
    known: BTreeMap<String, (String, Format)>,
    /// The service has listed them, so that there are no others.
    are_all: bool,
}

impl Formats {
    fn find(&self, name: &str) -> Option<(&str, Format)> {
        self.known.get(&fold(name)).map(|(name, format)| (name.as_str(), *format))
    }

    /// From the answer of a `..._PROPERTY_FMTS` code: each value is the number of a format.
    fn learn_listed(&mut self, list: &PropertyList) {
        for property in list.effective() {
            let number = match property.value() {
                Some(Value::Word(number)) => *number,
                Some(Value::Dword(number)) => u16::try_from(*number).unwrap_or(0),
                _ => continue,
            };
            self.learn(property.name(), Format::from_number(number));
        }
    }

    /// From values that are there.
    fn learn_used(&mut self, list: &PropertyList) {
        for property in list.effective() {
            if let Some(value) = property.value() {
                self.learn(property.name(), value.format());
            }
        }
    }

    fn learn(&mut self, name: &str, format: Format) {
        self.known.insert(fold(name), (name.to_owned(), format));
    }
}

impl Sections {
    /// A DWORD that only the service sets.
    pub(crate) fn read_only_dword(&self, name: &str) -> Option<u32> {
        self.common_read_only.dword(name)
    }

    /// What there is to be said of them; empty when nothing.
    pub(crate) fn note(&self) -> &str {
        &self.note
    }

    /// A text, in whichever common section it is.
    pub(crate) fn common_text(&self, name: &str) -> Option<&str> {
        self.common_read_only.text(name).or_else(|| self.common.text(name))
    }

    pub(crate) fn document(&self) -> PropertiesDocument {
        PropertiesDocument {
            common: properties(&self.common),
            common_read_only: properties(&self.common_read_only),
            private: properties(&self.private),
            private_read_only: properties(&self.private_read_only),
        }
    }

    /// The sections that have something in them, as text.
    pub(crate) fn show(&self) -> String {
        let document = self.document();
        [
            ("private properties", document.private),
            ("private properties, read-only", document.private_read_only),
            ("common properties", document.common),
            ("common properties, read-only", document.common_read_only),
        ]
        .iter()
        .filter(|(_, section)| !section.is_empty())
        .map(|(title, section)| format!("\n{}\n{}", styled(STRONG, title), show_section(section)))
        .collect()
    }
}

fn show_section(section: &BTreeMap<String, PropertyDocument>) -> String {
    let mut table = Table::new();
    for (name, property) in section {
        let value = match &property.value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            serde_json::Value::Array(texts) => {
                texts.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        table.row(vec![name.into(), Cell::new(FAINT, property.format), cut(&value).into()]);
    }
    table.show(2)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What the service has to say about what it has just done.
pub(crate) fn remarks(cluster: &mut Cluster) -> Vec<String> {
    cluster.explain().ok().filter(|note| !note.is_empty()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: Option<Format>, text: &str, expected: Result<Value, &str>) {
        let read = read_value("P", known, text).map_err(|failure| failure.to_string());
        assert_eq!(read, expected.map_err(str::to_owned));
    }

    #[test]
    fn a_value_is_read_by_its_word_then_by_the_known_format_then_by_its_looks() {
        check(None, "1", Ok(Value::Dword(1)));
        check(Some(Format::Sz), "1", Ok(Value::Sz("1".into())));
        check(Some(Format::Sz), "http://x", Ok(Value::Sz("http://x".into())));
        check(Some(Format::Sz), "dword:1", Ok(Value::Dword(1)));
        check(Some(Format::Sz), "unset:", Ok(Value::NoData(Format::Sz)));
        check(Some(Format::MultiSz), "a,b", Ok(Value::MultiSz(vec!["a".into(), "b".into()])));
        check(Some(Format::ULargeInteger), "5", Ok(Value::ULarge(5)));
        check(
            Some(Format::Dword),
            "soon",
            Err("property 'P': 'soon' is no whole number, decimal or with 0x"),
        );
        check(Some(Format::Dword), "-1", Ok(Value::Dword(u32::MAX)));
        check(
            Some(Format::Dword),
            "",
            Err("property 'P': no number is given; unset: takes the default, or removes a private property"),
        );
        check(None, "dword:x", Err("property 'P': 'x' is no whole number, decimal or with 0x"));
    }

    #[test]
    fn the_words_that_choose_a_format_are_those_of_assignments() {
        for format in FORMAT_WORDS {
            let text = match format {
                Format::Binary | Format::SecurityDescriptor => "00",
                _ => "1",
            };
            let value = assignment::parse_value(&format!("{}:{text}", format.word())).unwrap();
            assert_eq!(value.format(), *format);
        }
    }

    #[test]
    fn formats_are_listed_as_words_or_numbers() {
        let mut formats = Formats::default();
        let list = PropertyList::new()
            .with("Delay", Value::Word(2))
            .with("Names", Value::Dword(5))
            .with("Odd", Value::Sz("x".into()));
        formats.learn_listed(&list);
        assert_eq!(with_nearest("Dlay", [&formats]), "'Dlay' (is it 'Delay'?)");
        assert_eq!(with_nearest("name", [&formats]), "'name' (is it 'Names'?)");
        assert_eq!(with_nearest("Day", [&formats]), "'Day'", "two of three letters");
        assert_eq!(with_nearest("x", [&Formats::default()]), "'x'");
        assert_eq!(formats.find("DELAY"), Some(("Delay", Format::Dword)));
        assert_eq!(formats.find("names"), Some(("Names", Format::MultiSz)));
        assert_eq!(formats.find("Odd"), None);
    }

    #[test]
    fn assignments_have_a_name_and_come_once() {
        let refused = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            split(&texts).unwrap_err().to_string()
        };
        assert_eq!(refused(&["x"]), "'x' is no property: write NAME=VALUE");
        assert_eq!(refused(&["=1"]), "'=1' is no property: write NAME=VALUE");
        assert_eq!(refused(&["a=1", "A=2"]), "property 'A' is given twice");
    }
}
