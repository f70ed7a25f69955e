//! Control codes: what an object is asked by number. Properties are read here and set in the configuration's lane;
//! what only the resource type can answer goes to its host.
//!
//! For a resource, its type has the first word on everything that is about the type: a code that it answers with
//! ERROR_INVALID_FUNCTION gets what is usual for the code.

use mainstay_proplist::{PropertyList, Value as Shown, multi_string};
use mainstay_store::registry::KeyPath;
use mainstay_types::control::function;
use mainstay_types::order::{QueryAnswer, Question};
use mainstay_types::property::{PropertyAccess, RESOURCE, Table};
use mainstay_types::{Access, HostId, Name, ObjectId, Status};

use crate::Engine;
use crate::command::{Call, Command};
use crate::configuration::{common_table, from_registry, read_list};
use crate::effect::{Answer, Effect};
use crate::error::{Refusal, RequestError, ServiceError};
use crate::events::utf16;
use crate::input::CallId;
use crate::limits::{CHECK_TIMEOUT_MS, CONTROL_OUTPUT_MAX, QUERY_TIMEOUT_MS, QUERY_USUAL_TIMEOUT_MS};
use crate::model::layout;
use crate::queries::{QueryPurpose, Unanswered};

/// A FILETIME counts units of 100 ns.
const FILE_TIME_UNITS_PER_MS: u64 = 10_000;

/// 1970, counted as a FILETIME from 1601.
const UNIX_EPOCH_FILE_TIME: u64 = 116_444_736_000_000_000;

/// A control code on its way to a host.
#[derive(Clone, Debug)]
pub(crate) struct ControlQuery {
    call: CallId,
    output_length_max: u32,
    object: String,
    code: String,
    /// What is usual for the code, where the type does not know it or does not answer.
    usual: Option<Vec<u8>>,
    /// The code asks for a judgement, for which nothing stands in when the type was asked and is silent.
    is_judgement: bool,
    /// How long the type has to answer.
    limit_ms: u64,
}

/// Who answers a code.
enum Answered {
    /// The engine.
    Here(Vec<u8>),
    /// The type, and else this.
    ByType(Option<Vec<u8>>),
}

impl Engine {
    /// Serves a control code.
    pub(crate) fn serve_control(&mut self, call: Call) {
        let Command::Control { object, code, input, output_length_max } = &call.command else { return };
        let output_length_max = (*output_length_max).min(CONTROL_OUTPUT_MAX);
        if code.modifies() && call.caller.access < Access::Full {
            let refusal = RequestError::AccessDenied { verb: "set" };
            return self.refuse(&call, None, &refusal.into());
        }
        let is_setting = match code.function() {
            function::SET_COMMON_PROPERTIES | function::SET_PRIVATE_PROPERTIES => true,
            function::SET_MAINTENANCE_MODE => matches!(object, ObjectId::Resource(_)),
            _ => false,
        };
        if is_setting && code.modifies() {
            return self.serve_configuration(call);
        }
        let answered = self.check_object(object).and_then(|()| {
            if code.is_internal() {
                return Err(self.unknown_code(object, &code.to_string()));
            }
            if code.is_user() {
                return Ok(Answered::ByType(None));
            }
            self.answer_control(object, code.function(), input)
        });
        match answered {
            Err(refusal) => self.answer_call(call.id, refusal.status(), None, refusal.to_string()),
            Ok(Answered::Here(output)) => {
                self.answer_output(call.id, output, output_length_max, String::new());
            }
            Ok(Answered::ByType(usual)) => self.ask_type(&call, usual, output_length_max),
        }
    }

    fn answer_control(&self, object: &ObjectId, code: u32, input: &[u8]) -> Result<Answered, Refusal> {
        let is_resource = matches!(object, ObjectId::Resource(_));
        let has_type = is_resource || matches!(object, ObjectId::ResourceType(_));
        let by_type = |usual: Vec<u8>| {
            if has_type { Answered::ByType(Some(usual)) } else { Answered::Here(usual) }
        };
        Ok(match code {
            function::GET_CHARACTERISTICS => by_type(vec![0; 4]),
            function::GET_FLAGS => Answered::Here(vec![0; 4]),
            function::GET_CLASS_INFO if has_type => by_type(vec![0; 8]),
            function::GET_REQUIRED_DEPENDENCIES if has_type => by_type(self.stated_requirements(object)),
            function::GET_NAME => Answered::Here(utf16(&self.plain_name(object))),
            function::GET_NODE if let Some((node, _)) = self.places_of(object) => {
                Answered::Here(utf16(&node))
            }
            function::GET_NETWORK if let Some((_, network)) = self.places_of(object) => {
                Answered::Here(utf16(&network))
            }
            function::GET_RESOURCE_TYPE if is_resource => Answered::Here(utf16(&self.type_of(object))),
            function::GET_ID if !matches!(object, ObjectId::ResourceType(_)) => {
                Answered::Here(utf16(&self.id_of(object)))
            }
            function::GET_FQDN if *object == ObjectId::Cluster => {
                Answered::Here(utf16(&self.model.cluster().name))
            }
            function::ENUM_COMMON_PROPERTIES => {
                let names: Vec<&str> = common_table(object).iter().map(|spec| spec.name).collect();
                Answered::Here(multi_string::build(&names).unwrap_or_default())
            }
            function::GET_COMMON_PROPERTIES => {
                Answered::Here(self.common_properties(object, PropertyAccess::ReadWrite)?.to_bytes()?)
            }
            function::GET_RO_COMMON_PROPERTIES => {
                Answered::Here(self.common_properties(object, PropertyAccess::ReadOnly)?.to_bytes()?)
            }
            function::GET_COMMON_PROPERTY_FMTS => {
                Answered::Here(formats_of(common_table(object)).to_bytes()?)
            }
            function::GET_COMMON_RESOURCE_PROPERTY_FMTS if has_type && !is_resource => {
                Answered::Here(formats_of(RESOURCE).to_bytes()?)
            }
            function::GET_STATE_CHANGE_TIME if is_resource => {
                Answered::Here(self.state_change_time(object).to_le_bytes().to_vec())
            }
            function::VALIDATE_COMMON_PROPERTIES => {
                self.check_common(object, &self.describe(object), &read_list(input)?)?;
                Answered::Here(Vec::new())
            }
            function::GET_PRIVATE_PROPERTIES => by_type(self.private_properties(object)?.to_bytes()?),
            function::GET_RO_PRIVATE_PROPERTIES => by_type(PropertyList::new().to_bytes()?),
            function::GET_PRIVATE_PROPERTY_FMTS => {
                let mut list = PropertyList::new();
                for property in &self.private_properties(object)? {
                    let format = property.value().map_or(0, |value| value.format().number());
                    list.set(property.name(), Shown::Word(format));
                }
                by_type(list.to_bytes()?)
            }
            function::ENUM_PRIVATE_PROPERTIES => {
                let list = self.private_properties(object)?;
                let names: Vec<&str> = list.iter().map(|property| property.name()).collect();
                by_type(multi_string::build(&names).unwrap_or_default())
            }
            function::VALIDATE_PRIVATE_PROPERTIES => {
                read_list(input)?;
                by_type(Vec::new())
            }
            function::GET_FAILURE_INFO => {
                let unknown = || self.unknown_code(object, &format!("{code:#x}"));
                Answered::Here(self.failure_info(object).ok_or_else(unknown)?)
            }
            function::QUERY_MAINTENANCE_MODE if let ObjectId::Resource(id) = object => {
                Answered::Here(self.maintenance_mode(*id))
            }
            code if let Some(ids) = self.order_ids(object, code) => {
                Answered::Here(multi_string::build(&ids).unwrap_or_default())
            }
            function::UNKNOWN => return Err(self.unknown_code(object, &format!("{code:#x}"))),
            _ if has_type => Answered::ByType(None),
            _ => return Err(self.unknown_code(object, &format!("{code:#x}"))),
        })
    }

    /// A FILETIME: since when a resource has its state.
    fn state_change_time(&self, object: &ObjectId) -> u64 {
        let ObjectId::Resource(id) = object else { return 0 };
        let since_ms = self.live.get(id).map_or(0, |live| live.since_unix_ms);
        since_ms.saturating_mul(FILE_TIME_UNITS_PER_MS).saturating_add(UNIX_EPOCH_FILE_TIME)
    }

    fn unknown_code(&self, object: &ObjectId, code: &str) -> Refusal {
        RequestError::ControlCode { object: self.describe(object), code: code.to_owned() }.into()
    }

    /// Sends a code to the host of the resource, or of the type.
    fn ask_type(&mut self, call: &Call, usual: Option<Vec<u8>>, output_length_max: u32) {
        let Command::Control { object, code, input, .. } = &call.command else { return };
        let (described, shown_code) = (self.describe(object), code.to_string());
        let is_judgement = code.function() == function::VALIDATE_PRIVATE_PROPERTIES;
        let has_stand_in = usual.is_some() && !is_judgement;
        let limit_ms = if has_stand_in { QUERY_USUAL_TIMEOUT_MS } else { QUERY_TIMEOUT_MS };
        let query = ControlQuery {
            call: call.id,
            output_length_max,
            object: described.clone(),
            code: shown_code.clone(),
            usual: usual.clone(),
            is_judgement,
            limit_ms,
        };
        let purpose = QueryPurpose::Control(Box::new(query));
        let sent = match object {
            // It owes an answer already: what is stored is shown without waiting once more.
            ObjectId::Resource(id) if has_stand_in && self.queries.is_silent(*id) => {
                let QueryPurpose::Control(query) = purpose else { return };
                return self.handle_control_answer(*query, Err(Unanswered::Silent));
            }
            ObjectId::Resource(id) => {
                let (resource, input) = (*id, input.clone());
                let question = Question::ResourceControl { resource, code: code.0, input, output_length_max };
                if is_judgement || code.function() == function::GET_PRIVATE_PROPERTY_FMTS {
                    self.query_opened(resource, question, purpose, limit_ms).is_ok()
                } else {
                    let host = self.live.get(id).and_then(|live| live.open);
                    host.and_then(|host| self.query(host, question, purpose, Some(limit_ms))).is_some()
                }
            }
            ObjectId::ResourceType(name) => {
                let asked = self.type_question(name, code.0, input, output_length_max);
                match asked {
                    // A judgement is worth starting a host for, and what nothing stands in for.
                    Some((host, question)) if !has_stand_in => {
                        self.query_in(host, question, purpose, limit_ms).is_ok()
                    }
                    asked => asked
                        .and_then(|(host, question)| self.query(host, question, purpose, Some(limit_ms)))
                        .is_some(),
                }
            }
            _ => false,
        };
        if sent {
            return;
        }
        match (usual, object) {
            (Some(usual), _) => self.answer_output(call.id, usual, output_length_max, String::new()),
            (None, ObjectId::Resource(_)) => {
                let reason = "it is opened when it next goes online".to_owned();
                let refusal = ServiceError::NoHost { object: described, reason };
                self.answer_call(call.id, refusal.status(), None, refusal.to_string());
            }
            (None, _) => {
                let refusal = RequestError::ControlCode { object: described, code: shown_code };
                self.answer_call(call.id, refusal.status(), None, refusal.to_string());
            }
        }
    }

    /// Asks a resource's type whether it can go offline, with the words and the limit of an offline call.
    pub(crate) fn serve_check_offline(&mut self, call: &Call) {
        let Command::CheckOffline { resource, flags, buffer } = &call.command else { return };
        let (resource, flags) = (*resource, *flags);
        let object = self.describe(&ObjectId::Resource(resource));
        let limit_ms = CHECK_TIMEOUT_MS;
        let purpose = QueryPurpose::Control(Box::new(ControlQuery {
            call: call.id,
            output_length_max: 0,
            object: object.clone(),
            code: "VALIDATE_OFFLINE".into(),
            // A type that cannot tell has no objection.
            usual: Some(Vec::new()),
            is_judgement: true,
            limit_ms,
        }));
        let question = Question::CheckOffline { resource, flags, buffer: buffer.clone() };
        let host = self.live.get(&resource).and_then(|live| live.open);
        if host.and_then(|host| self.query(host, question, purpose, Some(limit_ms))).is_none() {
            let refusal = ServiceError::NoAnswer { object, limit_ms };
            self.answer_call(call.id, refusal.status(), None, refusal.to_string());
        }
    }

    /// A code for a type, and a host that has it.
    pub(crate) fn type_question(
        &self,
        name: &Name,
        code: u32,
        input: &[u8],
        output_length_max: u32,
    ) -> Option<(HostId, Question)> {
        let library = self.model.resource_type(name).and_then(|found| found.library.clone());
        let host = match library {
            None => HostId::Pool,
            Some(_) => {
                let mut hosts = self.model.instances(name).filter_map(|r| self.live.get(&r.id)?.open);
                hosts.find(|host| *host != HostId::Pool)?
            }
        };
        let (type_name, input) = (name.clone(), input.to_vec());
        Some((host, Question::TypeControl { type_name, library, code, input, output_length_max }))
    }

    /// The type has answered a code, or did not in time.
    pub(crate) fn handle_control_answer(
        &mut self,
        query: ControlQuery,
        answer: Result<QueryAnswer, Unanswered>,
    ) {
        let ControlQuery { call, output_length_max, object, code, usual, is_judgement, limit_ms } = query;
        let answer = match (answer, &usual) {
            (Ok(answer), _) => answer,
            (Err(Unanswered::NotAsked), Some(usual)) => {
                return self.answer_output(call, usual.clone(), output_length_max, String::new());
            }
            (Err(Unanswered::Silent), Some(usual)) if !is_judgement => {
                let text = format!(
                    "the type of {object} did not answer within {limit_ms} ms; what is stored stands for it"
                );
                return self.answer_output(call, usual.clone(), output_length_max, text);
            }
            (Err(_), _) => {
                let refusal = ServiceError::NoAnswer { object, limit_ms };
                return self.answer_call(call, refusal.status(), None, refusal.to_string());
            }
        };
        match (answer.status, usual) {
            // Not open in that host any more says as little as an unknown code.
            (Status::INVALID_FUNCTION | Status::RESOURCE_NOT_AVAILABLE, Some(usual)) => {
                self.answer_output(call, usual, output_length_max, String::new());
            }
            (Status::INVALID_FUNCTION, None) => {
                let refusal = RequestError::ControlCode { object, code };
                self.answer_call(call, refusal.status(), None, refusal.to_string());
            }
            (status, _) => {
                let answer = Answer {
                    status,
                    operation: None,
                    output: answer.output,
                    output_length_needed: answer.output_length_needed,
                    text: answer.text,
                };
                self.effects.push(Effect::Answer { call, answer });
            }
        }
    }

    fn answer_output(&mut self, call: CallId, output: Vec<u8>, output_length_max: u32, text: String) {
        let needed = u32::try_from(output.len()).unwrap_or(u32::MAX);
        let mut answer = Answer { output_length_needed: needed, text, ..Answer::default() };
        if needed > output_length_max {
            let refusal = RequestError::MoreData { needed, offered: output_length_max };
            (answer.status, answer.text) = (refusal.status(), refusal.to_string());
        } else {
            answer.output = output;
        }
        self.effects.push(Effect::Answer { call, answer });
    }

    /// The private properties of an object, as they are stored.
    pub(crate) fn private_properties(&self, object: &ObjectId) -> Result<PropertyList, Refusal> {
        let path: KeyPath = self.object_path(object)?.join(layout::PARAMETERS)?;
        let mut list = PropertyList::new();
        for entry in self.model.tree().key(&path).into_iter().flat_map(|key| key.values()) {
            list.set(entry.name.as_str(), from_registry(&entry.value));
        }
        Ok(list)
    }

    pub(crate) fn type_of(&self, object: &ObjectId) -> String {
        match object {
            ObjectId::Resource(id) => {
                self.model.resource(*id).map(|found| found.type_name.to_string()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    pub(crate) fn id_of(&self, object: &ObjectId) -> String {
        match object {
            ObjectId::Cluster => self.model.cluster().id.to_string(),
            ObjectId::Node(id) => id.to_string(),
            ObjectId::Group(id) => id.to_string(),
            ObjectId::Resource(id) => id.to_string(),
            ObjectId::ResourceType(name) => name.to_string(),
            ObjectId::GroupSet(id) => id.to_string(),
            ObjectId::Network(id) => id.to_string(),
            ObjectId::NetworkInterface(id) => id.to_string(),
        }
    }
}

/// A property list of the formats of a table's properties.
fn formats_of(table: Table) -> PropertyList {
    let mut list = PropertyList::new();
    for spec in table.iter() {
        list.set(spec.name, Shown::Word(spec.format.number()));
    }
    list
}
