//! The caller's instruction buffer: checked before anything else happens, and shown in the journal.

use mainstay_proplist::PropertyList;
use mainstay_types::order::BUFFER_LENGTH_MAX;

use crate::error::{Refusal, RequestError};
use crate::limits::INSTRUCTIONS_SHOWN_MAX;

/// Refuses a buffer that is too large or no property list. No buffer is fine.
pub(crate) fn check(buffer: &[u8]) -> Result<(), Refusal> {
    if buffer.len() > BUFFER_LENGTH_MAX {
        return Err(RequestError::BufferTooLarge { length: buffer.len(), max: BUFFER_LENGTH_MAX }.into());
    }
    if buffer.is_empty() {
        return Ok(());
    }
    match PropertyList::parse(buffer) {
        Ok(_) => Ok(()),
        Err(error) => Err(RequestError::BufferMalformed { reason: error.to_string() }.into()),
    }
}

/// The buffer as parsed, for people.
pub(crate) fn show(buffer: &[u8]) -> String {
    if buffer.is_empty() || buffer.len() > BUFFER_LENGTH_MAX {
        return String::new();
    }
    PropertyList::parse(buffer).map(|list| list.show(INSTRUCTIONS_SHOWN_MAX)).unwrap_or_default()
}
