//! `#[derive(NdrParams)]`: the parameter list of one direction of an operation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::fields::{Count, Field, bounded_generics, fields};

/// The implementation of `NdrParams` for `input`.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = fields(input)?;
    let name = &input.ident;
    let bounded = bounded_generics(&input.generics, &fields);
    let (impl_generics, type_generics, where_clause) = bounded.split_for_impl();

    let encode = fields.iter().map(encode_field);
    let decode = fields.iter().map(decode_field);
    let names = fields.iter().map(|field| field.name);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::mainstay_ndr::NdrParams for #name #type_generics #where_clause {
            fn encode_params(
                &self,
                encoder: &mut ::mainstay_ndr::Encoder,
            ) -> ::core::result::Result<(), ::mainstay_ndr::EncodeError> {
                #(#encode)*
                let _ = encoder;
                ::core::result::Result::Ok(())
            }

            fn decode_params(
                decoder: &mut ::mainstay_ndr::Decoder<'_>,
            ) -> ::core::result::Result<Self, ::mainstay_ndr::DecodeError> {
                #(#decode)*
                let _ = decoder;
                ::core::result::Result::Ok(Self { #(#names,)* })
            }
        }
    })
}

fn encode_field(field: &Field<'_>) -> TokenStream {
    let name = field.name;
    if field.params {
        return quote!(::mainstay_ndr::NdrParams::encode_params(&self.#name, encoder)?;);
    }
    let value = quote!(::mainstay_ndr::Ndr::encode(&self.#name, encoder)?;);
    let count = quote!(encoder.write_count(::mainstay_ndr::Counted::count(&self.#name))?;);
    match field.count {
        Count::None => value,
        Count::Before => quote!(#count #value),
        Count::After => quote!(#value #count),
    }
}

fn decode_field(field: &Field<'_>) -> TokenStream {
    let Field { name, ty, .. } = field;
    if field.params {
        return quote!(let #name = <#ty as ::mainstay_ndr::NdrParams>::decode_params(decoder)?;);
    }
    let value = quote!(let #name = <#ty as ::mainstay_ndr::Ndr>::decode(decoder)?;);
    let count = quote!(let __count = decoder.read_u32()?;);
    let check = quote!(decoder.check_count(__count, ::mainstay_ndr::Counted::count(&#name))?;);
    match field.count {
        Count::None => value,
        Count::Before => quote!(#count #value #check),
        Count::After => quote!(#value #count #check),
    }
}
