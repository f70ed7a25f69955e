//! A property list in memory: ordered, looked up by name without regard to case.

use std::collections::HashMap;

use mainstay_types::name::fold;

use crate::value::Value;

/// A property: its name and its values, of which there is nearly always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    name: String,
    // INVARIANT: fold(name). Kept, so that a look-up does not fold every name it passes.
    folded: String,
    values: Vec<Value>,
}

impl Property {
    /// A property with several values. Without any, the list that holds it cannot be written.
    pub fn new(name: impl Into<String>, values: Vec<Value>) -> Self {
        let name = name.into();
        Property { folded: fold(&name), name, values }
    }

    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name by which it is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The values, in order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The first value.
    pub fn value(&self) -> Option<&Value> {
        self.values.first()
    }
}

/// A list of properties in their order.
///
/// A list from outside may name a property twice: the last one counts for every look-up, and
/// [`PropertyList::effective`] walks over those that count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PropertyList {
    properties: Vec<Property>,
}

impl PropertyList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The property that counts for this name: the last one.
    pub fn property(&self, name: &str) -> Option<&Property> {
        let folded = fold(name);
        self.properties.iter().rfind(|property| property.folded == folded)
    }

    /// The first value of the property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.property(name)?.value()
    }

    /// All values of the property; none when it is not there.
    pub fn values(&self, name: &str) -> &[Value] {
        self.property(name).map_or(&[], Property::values)
    }

    /// Whether the list names the property.
    pub fn contains(&self, name: &str) -> bool {
        self.property(name).is_some()
    }

    /// The number of the property, when it is there and a DWORD.
    pub fn dword(&self, name: &str) -> Option<u32> {
        self.get(name)?.as_dword()
    }

    /// The number of the property, when it is there and a ULARGE_INTEGER.
    pub fn ularge(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_ularge()
    }

    /// The number of the property, when it is there and a LONG.
    pub fn long(&self, name: &str) -> Option<i32> {
        self.get(name)?.as_long()
    }

    /// The number of the property, when it is there and a LARGE_INTEGER.
    pub fn large(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_large()
    }

    /// The number of the property, when it is there and a WORD.
    pub fn word(&self, name: &str) -> Option<u16> {
        self.get(name)?.as_word()
    }

    /// The text of the property, when it is there and an SZ, EXPAND_SZ or EXPANDED_SZ.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The texts of the property, when it is there and a MULTI_SZ.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        self.get(name)?.as_texts()
    }

    /// The bytes of the property, when it is there and BINARY or a SECURITY_DESCRIPTOR.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.get(name)?.as_bytes()
    }

    /// The list inside the property, when it is there and a PROPERTY_LIST.
    pub fn list(&self, name: &str) -> Option<&PropertyList> {
        self.get(name)?.as_list()
    }

    /// Gives the property this one value: in its old place, or at the end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        let property = Property::new(name, vec![value.into()]);
        let mut places = self.properties.iter_mut().filter(|old| old.folded == property.folded);
        match places.next_back() {
            Some(place) => *place = property,
            None => self.properties.push(property),
        }
        self
    }

    /// The list with the property set, for building one in a row.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Appends a property without looking for one of the same name.
    pub fn push(&mut self, property: Property) -> &mut Self {
        self.properties.push(property);
        self
    }

    /// Takes every property of this name out of the list; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let folded = fold(name);
        let before = self.properties.len();
        self.properties.retain(|property| property.folded != folded);
        self.properties.len() != before
    }

    /// How many properties the list has, repeated names counted each time.
    pub fn len(&self) -> usize {
        self.properties.len()
    }

    /// Whether the list has no property.
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }

    /// Every property in its order, repeated names included.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.properties.iter()
    }

    /// The properties that count, in their order: of several with one name only the last.
    pub fn effective(&self) -> impl Iterator<Item = &Property> {
        let last: HashMap<&str, usize> =
            self.properties.iter().enumerate().map(|(place, property)| (property.folded(), place)).collect();
        self.properties
            .iter()
            .enumerate()
            .filter(move |(place, property)| last.get(property.folded()) == Some(place))
            .map(|(_, property)| property)
    }
}

impl<'a> IntoIterator for &'a PropertyList {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Property> for PropertyList {
    fn from_iter<I: IntoIterator<Item = Property>>(properties: I) -> Self {
        PropertyList { properties: properties.into_iter().collect() }
    }
}
