//! Value lists: values without names, closed by an end mark.

use crate::error::{BuildError, ParseError, ParseFault};
use crate::syntax;
use crate::utf16;
use crate::value::Value;

/// Values in their order, as CLUSCTL_RESOURCE_TYPE_GET_REQUIRED_DEPENDENCIES answers them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueList {
    values: Vec<Value>,
}

/// What a resource of some type has to depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequiredDependency {
    /// Any resource of this class (CLUSTER_RESOURCE_CLASS: 1 storage, 2 network).
    Class(u32),
    /// A resource of the type with this name.
    Type(String),
}

impl ValueList {
    /// The values in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.values.iter()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value list that states these dependencies.
    pub fn of_required_dependencies(dependencies: &[RequiredDependency]) -> Result<Self, BuildError> {
        let values = dependencies.iter().map(|dependency| match dependency {
            RequiredDependency::Class(class) => {
                Ok(Value::Unknown { syntax: syntax::RESOURCE_CLASS, bytes: class.to_le_bytes().to_vec() })
            }
            RequiredDependency::Type(name) => utf16::build(name)
                .map(|bytes| Value::Unknown { syntax: syntax::NAME, bytes })
                .map_err(|fault| BuildError::Text { property: String::new(), fault }),
        });
        values.collect::<Result<Vec<_>, _>>().map(Self::from)
    }

    /// The dependencies that the list states; values of any other kind are passed over.
    ///
    /// The offset of an error counts values, not bytes.
    pub fn required_dependencies(&self) -> Result<Vec<RequiredDependency>, ParseError> {
        let mut dependencies = Vec::new();
        for (place, value) in self.values.iter().enumerate() {
            let Value::Unknown { syntax, bytes } = value else { continue };
            let fault = |fault| ParseError { offset: place, property: None, fault };
            match *syntax {
                syntax::RESOURCE_CLASS => dependencies.push(RequiredDependency::Class(
                    bytes.as_slice().try_into().map(u32::from_le_bytes).map_err(|_| {
                        fault(ParseFault::Length {
                            format: mainstay_types::property::Format::Dword,
                            expected: 4,
                            actual: bytes.len(),
                        })
                    })?,
                )),
                syntax::NAME => dependencies.push(RequiredDependency::Type(
                    utf16::parse(bytes)
                        .map_err(|text| fault(ParseFault::Text { what: "the type's name", fault: text }))?,
                )),
                _ => {}
            }
        }
        Ok(dependencies)
    }
}

impl From<Vec<Value>> for ValueList {
    fn from(values: Vec<Value>) -> Self {
        ValueList { values }
    }
}

impl<'a> IntoIterator for &'a ValueList {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
