//! Reading: every count and length is held against the bytes that are left before anything is taken or allocated.

use mainstay_types::property::Format;

use crate::error::{ParseError, ParseFault, TextFault};
use crate::limits::{ITEMS_MAX, LIST_LENGTH_MAX, NESTING_DEPTH_MAX, PROPERTY_LENGTH_MIN};
use crate::list::{Property, PropertyList};
use crate::value::Value;
use crate::value_list::ValueList;
use crate::{multi_string, syntax, utf16};

impl PropertyList {
    /// Reads a list that came from outside.
    ///
    /// The zero after the last property may be missing, and bytes may follow the list. The padding of every entry
    /// has to be there; what it holds does not matter.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes, 0);
        reader.check_length()?;
        parse_list(&mut reader, 1, &mut Items::default())
    }
}

impl ValueList {
    /// Reads a value list that came from outside: its values and the end mark. Bytes may follow.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes, 0);
        reader.check_length()?;
        let mut values = Vec::new();
        let mut items = Items::default();
        while let Some(entry) = reader.value_entry()? {
            values.push(match entry.syntax {
                syntax::NAME => {
                    items.add(&entry, 1)?;
                    Value::Unknown { syntax: entry.syntax, bytes: entry.data.to_vec() }
                }
                _ => entry.value(1, &mut items)?,
            });
        }
        Ok(ValueList::from(values))
    }
}

fn parse_list(reader: &mut Reader<'_>, depth: usize, items: &mut Items) -> Result<PropertyList, ParseError> {
    if depth > NESTING_DEPTH_MAX {
        return Err(reader.fault(ParseFault::TooDeep));
    }
    let start = reader.offset();
    let count = reader.u32("the count of properties")?;
    let left = reader.rest.len();
    if count as usize > left / PROPERTY_LENGTH_MIN {
        return Err(ParseError { offset: start, property: None, fault: ParseFault::Count { count, left } });
    }
    // No capacity from the count: it is bounded, but may still be far more than what is there.
    let mut list = PropertyList::new();
    for _ in 0..count {
        list.push(parse_property(reader, depth, items)?);
    }
    Ok(list)
}

fn parse_property(reader: &mut Reader<'_>, depth: usize, items: &mut Items) -> Result<Property, ParseError> {
    let name = reader.name()?;
    let of_property =
        |error: ParseError| ParseError { property: error.property.or(Some(name.clone())), ..error };
    let mut values = Vec::new();
    loop {
        let start = reader.offset();
        match reader.value_entry().map_err(of_property)? {
            None if values.is_empty() => {
                return Err(of_property(ParseError {
                    offset: start,
                    property: None,
                    fault: ParseFault::NoValue,
                }));
            }
            None => return Ok(Property::new(name, values)),
            Some(entry) if entry.syntax == syntax::NAME => {
                return Err(of_property(entry.fault(ParseFault::NameAmongValues)));
            }
            Some(entry) => values.push(entry.value(depth, items).map_err(of_property)?),
        }
    }
}

/// A value's entry, not yet looked into.
struct Entry<'a> {
    /// Where the entry begins.
    offset: usize,
    syntax: u32,
    data: &'a [u8],
}

/// Bytes of syntax and length before the data.
const ENTRY_HEADER_LENGTH: usize = 4 /* syntax */ + 4 /* length */;

impl Entry<'_> {
    fn value(&self, depth: usize, items: &mut Items) -> Result<Value, ParseError> {
        items.add(self, 1)?;
        let unknown = || Value::Unknown { syntax: self.syntax, bytes: self.data.to_vec() };
        let Some(format) = syntax::list_value_format(self.syntax) else { return Ok(unknown()) };
        Ok(match format {
            Format::Unknown | Format::User | Format::ValueList => unknown(),
            Format::Binary => Value::Binary(self.data.to_vec()),
            Format::SecurityDescriptor => Value::SecurityDescriptor(self.data.to_vec()),
            format if self.data.is_empty() => Value::NoData(format),
            Format::Dword => Value::Dword(u32::from_le_bytes(self.number(format)?)),
            Format::Sz => Value::Sz(self.text()?),
            Format::ExpandSz => Value::ExpandSz(self.text()?),
            Format::ExpandedSz => Value::ExpandedSz(self.text()?),
            Format::MultiSz => {
                let texts = multi_string::parse(self.data);
                let texts = texts.map_err(|fault| self.text_fault("the list of texts", fault))?;
                items.add(self, texts.len())?;
                Value::MultiSz(texts)
            }
            Format::ULargeInteger => Value::ULarge(u64::from_le_bytes(self.number(format)?)),
            Format::Long => Value::Long(i32::from_le_bytes(self.number(format)?)),
            Format::LargeInteger => Value::Large(i64::from_le_bytes(self.number(format)?)),
            Format::Word => Value::Word(u16::from_le_bytes(self.number(format)?)),
            Format::FileTime => Value::FileTime(u64::from_le_bytes(self.number(format)?)),
            Format::PropertyList => {
                let mut inner = Reader::new(self.data, self.offset + ENTRY_HEADER_LENGTH);
                Value::PropertyList(parse_list(&mut inner, depth + 1, items)?)
            }
        })
    }

    fn number<const N: usize>(&self, format: Format) -> Result<[u8; N], ParseError> {
        self.data
            .try_into()
            .map_err(|_| self.fault(ParseFault::Length { format, expected: N, actual: self.data.len() }))
    }

    fn text(&self) -> Result<String, ParseError> {
        utf16::parse(self.data).map_err(|fault| self.text_fault("the text", fault))
    }

    fn text_fault(&self, what: &'static str, fault: TextFault) -> ParseError {
        self.fault(ParseFault::Text { what, fault })
    }

    fn fault(&self, fault: ParseFault) -> ParseError {
        ParseError { offset: self.offset, property: None, fault }
    }
}

/// How many values and texts were read so far.
#[derive(Default)]
struct Items(usize);

impl Items {
    fn add(&mut self, entry: &Entry<'_>, count: usize) -> Result<(), ParseError> {
        self.0 += count;
        if self.0 > ITEMS_MAX { Err(entry.fault(ParseFault::TooManyItems)) } else { Ok(()) }
    }
}

/// What is left of the bytes, and where that is.
struct Reader<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at `offset` of the outermost list.
    fn new(bytes: &'a [u8], offset: usize) -> Self {
        Reader { rest: bytes, end: offset + bytes.len() }
    }

    fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    fn check_length(&self) -> Result<(), ParseError> {
        match self.rest.len() {
            length if length > LIST_LENGTH_MAX => Err(self.fault(ParseFault::TooLong { length })),
            _ => Ok(()),
        }
    }

    fn name(&mut self) -> Result<String, ParseError> {
        let offset = self.offset();
        let fault = |fault| ParseError { offset, property: None, fault };
        let syntax = self.u32("a property's name")?;
        if syntax != syntax::NAME {
            return Err(fault(ParseFault::NotAName { syntax }));
        }
        let data = self.padded("a property's name")?;
        utf16::parse(data).map_err(|text| fault(ParseFault::Text { what: "the name", fault: text }))
    }

    /// The next entry, or `None` after an end mark.
    fn value_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        let offset = self.offset();
        let syntax = self.u32("a value or the end of the values")?;
        if syntax == syntax::ENDMARK {
            return Ok(None);
        }
        Ok(Some(Entry { offset, syntax, data: self.padded("a value")? }))
    }

    /// A length, as many bytes, and their padding.
    fn padded(&mut self, what: &'static str) -> Result<&'a [u8], ParseError> {
        let length = self.u32(what)? as usize;
        let padded = length.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        Ok(&self.take(padded, what)?[..length])
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ParseError> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn take(&mut self, needed: usize, what: &'static str) -> Result<&'a [u8], ParseError> {
        let left = self.rest.len();
        let Some((taken, rest)) = self.rest.split_at_checked(needed) else {
            return Err(self.fault(ParseFault::Truncated { what, needed, left }));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn fault(&self, fault: ParseFault) -> ParseError {
        ParseError { offset: self.offset(), property: None, fault }
    }
}
