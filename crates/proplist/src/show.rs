//! The readable form of a list, for the journal and for messages: one line of bounded length.

use std::fmt::{self, Write};

use crate::limits::SHOW_LENGTH;
use crate::list::PropertyList;
use crate::value::Value;

/// How many bytes of a binary value are shown; whoever needs more reads the value itself.
const SHOWN_BYTES: usize = 32;

impl PropertyList {
    /// The list in one line of at most `length_max` characters: `Virtual Machine=1 (dword), Note="a b" (sz)`.
    ///
    /// Control characters are escaped. A line that had to be cut ends with `…`.
    pub fn show(&self, length_max: usize) -> String {
        bounded(length_max, |line| show_list(line, self))
    }
}

impl Value {
    /// The value in one line of at most `length_max` characters: `1 (dword)`.
    pub fn show(&self, length_max: usize) -> String {
        bounded(length_max, |line| show_value(line, self))
    }
}

impl fmt::Display for PropertyList {
    /// [`PropertyList::show`] with [`SHOW_LENGTH`] characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(SHOW_LENGTH))
    }
}

impl fmt::Display for Value {
    /// [`Value::show`] with [`SHOW_LENGTH`] characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(SHOW_LENGTH))
    }
}

fn show_list(line: &mut Line, list: &PropertyList) -> fmt::Result {
    for (place, property) in list.iter().enumerate() {
        if place > 0 {
            line.write_str(", ")?;
        }
        write!(line, "{}=", property.name().escape_debug())?;
        for (place, value) in property.values().iter().enumerate() {
            if place > 0 {
                line.write_str(" + ")?;
            }
            show_value(line, value)?;
        }
    }
    Ok(())
}

fn show_value(line: &mut Line, value: &Value) -> fmt::Result {
    match value {
        Value::Binary(bytes) | Value::SecurityDescriptor(bytes) => show_bytes(line, bytes)?,
        Value::Dword(number) => write!(line, "{number}")?,
        Value::Sz(text) | Value::ExpandSz(text) | Value::ExpandedSz(text) => write!(line, "{text:?}")?,
        Value::MultiSz(texts) => show_texts(line, texts)?,
        Value::ULarge(number) | Value::FileTime(number) => write!(line, "{number}")?,
        Value::Long(number) => write!(line, "{number}")?,
        Value::Large(number) => write!(line, "{number}")?,
        Value::Word(number) => write!(line, "{number}")?,
        Value::PropertyList(list) => {
            line.write_str("{")?;
            show_list(line, list)?;
            line.write_str("}")?;
        }
        Value::NoData(_) => line.write_str("no data")?,
        Value::Unknown { syntax, bytes } => {
            show_bytes(line, bytes)?;
            return write!(line, " (syntax {syntax:#010x})");
        }
    }
    write!(line, " ({})", value.format().word())
}

fn show_texts(line: &mut Line, texts: &[String]) -> fmt::Result {
    line.write_str("[")?;
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            line.write_str(", ")?;
        }
        write!(line, "{text:?}")?;
    }
    line.write_str("]")
}

fn show_bytes(line: &mut Line, bytes: &[u8]) -> fmt::Result {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN_BYTES));
    if bytes.is_empty() {
        return line.write_str("no bytes");
    }
    for byte in shown {
        write!(line, "{byte:02x}")?;
    }
    if rest.is_empty() { Ok(()) } else { write!(line, "… {} bytes", bytes.len()) }
}

/// Lets `write` write, stops it when the line is full, and marks a line that was cut.
fn bounded(length_max: usize, write: impl FnOnce(&mut Line) -> fmt::Result) -> String {
    let mut line = Line { text: String::new(), left: length_max };
    if write(&mut line).is_err() {
        // The mark takes the place of the last character, so that the bound holds.
        line.text.pop();
        if length_max > 0 {
            line.text.push('…');
        }
    }
    line.text
}

/// A line that refuses to grow beyond its length, so that a list of megabytes costs no more than what is shown.
struct Line {
    text: String,
    /// Characters that still fit.
    left: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}
