//! `#[derive(Ndr)]`: a structure, laid out in line first and what its pointers refer to afterwards.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Error};

use crate::fields::{Count, Field, bounded_generics, fields};

/// The implementation of `Ndr` for `input`.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = fields(input)?;
    let Some((last, others)) = fields.split_last() else {
        return Err(Error::new_spanned(&input.ident, "a structure needs at least one field"));
    };
    if let Some(field) = fields.iter().find(|field| field.params) {
        return Err(Error::new_spanned(field.name, "only a parameter list can splice in another one"));
    }
    let name = &input.ident;
    let bounded = bounded_generics(&input.generics, &fields);
    let (impl_generics, type_generics, where_clause) = bounded.split_for_impl();

    let last_name = last.name;
    let last_type = last.ty;
    let field_types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    let other_types: Vec<_> = others.iter().map(|field| field.ty).collect();
    let field_names: Vec<_> = fields.iter().map(|field| field.name).collect();
    let counts = fields.iter().filter(|field| field.count != Count::None).count();
    let count_align = if counts > 0 { 4usize } else { 1 };
    let count_len = counts * 4;

    let inline_types = fields.iter().flat_map(inline_types);
    let inline_names: Vec<_> = fields.iter().flat_map(inline_names).collect();
    let encode_inline = fields.iter().map(encode_inline);
    let decode_inline = others
        .iter()
        .map(|field| decode_inline(field, &quote!(0)))
        .chain([decode_inline(last, &quote!(conformance))]);
    let decode_deferred = fields.iter().map(decode_deferred);

    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::mainstay_ndr::Ndr for #name #type_generics #where_clause {
            const ALIGN: usize = ::mainstay_ndr::max_align(
                &[#count_align, #(<#field_types as ::mainstay_ndr::Ndr>::ALIGN,)*]
            );
            const MIN_LEN: usize = #count_len #(+ <#field_types as ::mainstay_ndr::Ndr>::MIN_LEN)*;
            const CONFORMANT: bool = <#last_type as ::mainstay_ndr::Ndr>::CONFORMANT;
            type Inline = (#(#inline_types,)*);

            fn encode_conformance(
                &self,
                encoder: &mut ::mainstay_ndr::Encoder,
            ) -> ::core::result::Result<(), ::mainstay_ndr::EncodeError> {
                ::mainstay_ndr::Ndr::encode_conformance(&self.#last_name, encoder)
            }

            fn encode_inline(
                &self,
                encoder: &mut ::mainstay_ndr::Encoder,
            ) -> ::core::result::Result<(), ::mainstay_ndr::EncodeError> {
                #(const {
                    assert!(
                        !<#other_types as ::mainstay_ndr::Ndr>::CONFORMANT,
                        "only the last field of a structure may be a conformant array"
                    )
                };)*
                encoder.align(<Self as ::mainstay_ndr::Ndr>::ALIGN);
                #(#encode_inline)*
                ::core::result::Result::Ok(())
            }

            fn encode_deferred(
                &self,
                encoder: &mut ::mainstay_ndr::Encoder,
            ) -> ::core::result::Result<(), ::mainstay_ndr::EncodeError> {
                #(::mainstay_ndr::Ndr::encode_deferred(&self.#field_names, encoder)?;)*
                ::core::result::Result::Ok(())
            }

            fn decode_conformance(
                decoder: &mut ::mainstay_ndr::Decoder<'_>,
            ) -> ::core::result::Result<u32, ::mainstay_ndr::DecodeError> {
                <#last_type as ::mainstay_ndr::Ndr>::decode_conformance(decoder)
            }

            fn decode_inline(
                decoder: &mut ::mainstay_ndr::Decoder<'_>,
                conformance: u32,
            ) -> ::core::result::Result<Self::Inline, ::mainstay_ndr::DecodeError> {
                decoder.align(<Self as ::mainstay_ndr::Ndr>::ALIGN)?;
                #(#decode_inline)*
                ::core::result::Result::Ok((#(#inline_names,)*))
            }

            fn decode_deferred(
                inline: Self::Inline,
                decoder: &mut ::mainstay_ndr::Decoder<'_>,
            ) -> ::core::result::Result<Self, ::mainstay_ndr::DecodeError> {
                let (#(#inline_names,)*) = inline;
                #(#decode_deferred)*
                ::core::result::Result::Ok(Self { #(#field_names,)* })
            }
        }
    })
}

/// The types that a field keeps between the two passes: its own, and its count's.
fn inline_types(field: &Field<'_>) -> Vec<TokenStream> {
    let ty = field.ty;
    let own = quote!(<#ty as ::mainstay_ndr::Ndr>::Inline);
    match field.count {
        Count::None => vec![own],
        Count::Before | Count::After => vec![quote!(u32), own],
    }
}

fn inline_names(field: &Field<'_>) -> Vec<Ident> {
    match field.count {
        Count::None => vec![field.name.clone()],
        Count::Before | Count::After => vec![count_name(field), field.name.clone()],
    }
}

fn count_name(field: &Field<'_>) -> Ident {
    format_ident!("__count_of_{}", field.name)
}

fn encode_inline(field: &Field<'_>) -> TokenStream {
    let name = field.name;
    let value = quote!(::mainstay_ndr::Ndr::encode_inline(&self.#name, encoder)?;);
    let count = quote!(encoder.write_count(::mainstay_ndr::Counted::count(&self.#name))?;);
    match field.count {
        Count::None => value,
        Count::Before => quote!(#count #value),
        Count::After => quote!(#value #count),
    }
}

fn decode_inline(field: &Field<'_>, conformance: &TokenStream) -> TokenStream {
    let Field { name, ty, .. } = field;
    let count_name = count_name(field);
    let value = quote!(let #name = <#ty as ::mainstay_ndr::Ndr>::decode_inline(decoder, #conformance)?;);
    let count = quote!(let #count_name = decoder.read_u32()?;);
    match field.count {
        Count::None => value,
        Count::Before => quote!(#count #value),
        Count::After => quote!(#value #count),
    }
}

fn decode_deferred(field: &Field<'_>) -> TokenStream {
    let Field { name, ty, .. } = field;
    let count_name = count_name(field);
    let value = quote!(let #name = <#ty as ::mainstay_ndr::Ndr>::decode_deferred(#name, decoder)?;);
    match field.count {
        Count::None => value,
        Count::Before | Count::After => {
            quote!(#value decoder.check_count(#count_name, ::mainstay_ndr::Counted::count(&#name))?;)
        }
    }
}
