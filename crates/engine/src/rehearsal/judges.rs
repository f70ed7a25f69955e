//! What types would be asked on the way: whoever can ask those that run does, and rehearses again with what they said.
//!
//! A rehearsal asks nobody. A question that nothing is known of is answered with consent, and told.

use mainstay_types::control::{function, object};
use mainstay_types::order::Question;
use mainstay_types::{ControlCode, ObjectId, OfflineFlags, ResourceId, Status};

use crate::command::Command;

/// VALIDATE_PRIVATE_PROPERTIES of a resource.
const VALIDATE: ControlCode = ControlCode(object::RESOURCE | function::VALIDATE_PRIVATE_PROPERTIES);

/// What a type would be asked before a call is accepted. It judges, and changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// What it says to private properties.
    Private {
        /// The resource; of one that is to be made, its type.
        object: ObjectId,
        /// The property list.
        input: Vec<u8>,
    },
    /// Whether it could go offline.
    Offline {
        /// The resource.
        resource: ResourceId,
        /// As the type gets them.
        flags: OfflineFlags,
        /// The instructions.
        buffer: Vec<u8>,
    },
}

/// What a type has said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The question.
    pub asked: Asked,
    /// The answer, and its words; `None` when there was none in time.
    pub answer: Option<(Status, String)>,
}

impl Asked {
    /// The judgement that a question asks for.
    pub(super) fn of(question: &Question) -> Option<Self> {
        let is_judgement = |code: u32| {
            matches!(
                ControlCode(code).function(),
                function::SET_PRIVATE_PROPERTIES | function::VALIDATE_PRIVATE_PROPERTIES
            )
        };
        match question {
            Question::ResourceControl { resource, code, input, .. } if is_judgement(*code) => {
                Some(Asked::Private { object: ObjectId::Resource(*resource), input: input.clone() })
            }
            Question::TypeControl { type_name, code, input, .. } if is_judgement(*code) => {
                Some(Asked::Private {
                    object: ObjectId::ResourceType(type_name.clone()),
                    input: input.clone(),
                })
            }
            Question::CheckOffline { resource, flags, buffer } => {
                Some(Asked::Offline { resource: *resource, flags: *flags, buffer: buffer.clone() })
            }
            _ => None,
        }
    }

    /// The command by which an engine that runs asks it.
    pub fn command(&self) -> Command {
        match self.clone() {
            Asked::Private { object, input } => {
                Command::Control { object, code: VALIDATE, input, output_length_max: 0 }
            }
            Asked::Offline { resource, flags, buffer } => Command::CheckOffline { resource, flags, buffer },
        }
    }
}
