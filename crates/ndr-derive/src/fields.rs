//! The fields of a derived struct and their `#[ndr(...)]` attributes.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Error, Fields, Generics, Type, WherePredicate, parse_quote};

/// Where the wire keeps the element count of an array.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Nowhere; the conformance is all there is.
    None,
    /// A 32-bit count immediately before the array.
    Before,
    /// A 32-bit count immediately after the array.
    After,
}

/// One field of the struct.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) count: Count,
    /// The field is a parameter list of its own, spliced in.
    pub(crate) params: bool,
}

/// The fields of `input` in order; an error if it is no struct with named fields (or none at all).
pub(crate) fn fields(input: &DeriveInput) -> syn::Result<Vec<Field<'_>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "only structs can be derived"));
    };
    match &data.fields {
        Fields::Unit => Ok(Vec::new()),
        Fields::Named(named) => named.named.iter().map(field).collect(),
        Fields::Unnamed(_) => Err(Error::new_spanned(&input.ident, "the fields need names")),
    }
}

fn field(field: &syn::Field) -> syn::Result<Field<'_>> {
    let Some(name) = &field.ident else {
        return Err(Error::new_spanned(field, "the field needs a name"));
    };
    let mut parsed = Field { name, ty: &field.ty, count: Count::None, params: false };
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("ndr")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("params") && !parsed.params {
                parsed.params = true;
                return Ok(());
            }
            if parsed.count != Count::None {
                return Err(meta.error("an array has one count"));
            }
            if meta.path.is_ident("count_before") {
                parsed.count = Count::Before;
            } else if meta.path.is_ident("count_after") {
                parsed.count = Count::After;
            } else {
                return Err(meta.error("expected `count_before`, `count_after` or `params`"));
            }
            Ok(())
        })?;
    }
    if parsed.params && parsed.count != Count::None {
        return Err(Error::new_spanned(field, "a parameter list has no count"));
    }
    Ok(parsed)
}

/// The struct's generics with a bound on each field type, so that `Reply<H>` is encodable when `H` is.
pub(crate) fn bounded_generics(generics: &Generics, fields: &[Field<'_>]) -> Generics {
    let mut bounded = generics.clone();
    if generics.type_params().next().is_none() {
        return bounded;
    }
    let predicates = fields.iter().map(|field| -> WherePredicate {
        let ty = field.ty;
        if field.params {
            parse_quote!(#ty: ::mainstay_ndr::NdrParams)
        } else {
            parse_quote!(#ty: ::mainstay_ndr::Ndr)
        }
    });
    bounded.make_where_clause().predicates.extend(predicates);
    bounded
}
