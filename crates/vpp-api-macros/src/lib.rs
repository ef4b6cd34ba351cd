//! Derive macros for VPP binary API messages.
//!
//! ```ignore
//! #[derive(Debug, Clone, PartialEq, Message)]
//! #[vpp(dump = BridgeDomainDetails)]
//! pub struct BridgeDomainDump { pub bd_id: u32, pub sw_if_index: InterfaceIndex }
//! ```
//!
//! On a message one of `request = Reply`, `dump = Details`, `stream(reply = Reply, details = Details)`, `reply`,
//! `details`, `event` says what it is; `name = "…"` is needed where the name is not the struct's in snake case, `header =
//! Kind` where the header is not the usual one, `also = 0x…` where a release has the same layout under another CRC. On a field `count = "n"` names the count field of a list, `before = "x"`
//! puts that count field in front of another field than the list, `retval` marks the result when it is not called so,
//! `data` says of a field called `retval` that it is not the result of the request, `name = "type"` renames,
//! `secret` keeps the content out of captures.

mod attrs;
mod body;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use crate::attrs::{Container, Role};
use crate::body::Body;

/// Derives a message: codec, definition, CRC and what kind of message it is.
#[proc_macro_derive(Message, attributes(vpp))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    message(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives a type used in messages: codec and definition.
#[proc_macro_derive(Wire, attributes(vpp))]
pub fn derive_wire(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    wire(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn message(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let container = Container::parse(&input.attrs)?;
    let body = Body::parse(input)?;
    let ident = &input.ident;
    let name = container.name_or_default(ident);
    let header = container.header_or_default(ident)?;
    let name_len = name.len() + 9;
    let also = &container.also;
    let also_named = also.iter().map(|crc| format!("{name}_{crc:08x}"));
    let Body { definitions, encode, decode, idents, .. } = &body;
    let role = role(ident, &container, &body)?;
    Ok(quote! {
        impl ::ligato_vpp_api::Message for #ident {
            const NAME: &'static str = #name;
            const HEADER: ::ligato_vpp_api::HeaderKind = ::ligato_vpp_api::HeaderKind::#header;
            const DEFINITION: &'static ::ligato_vpp_api::MessageDef = &::ligato_vpp_api::MessageDef::new(
                #name,
                ::ligato_vpp_api::HeaderKind::#header,
                &[#(#definitions),*],
            )
            .also(&[#(#also),*])
            .checked_by(::ligato_vpp_api::check::<#ident>);
            const ALSO: &'static [&'static str] = &[#(#also_named),*];
            const NAME_CRC: &'static str = {
                const TEXT: [u8; #name_len] = ::ligato_vpp_api::crc::name_crc(
                    #name,
                    <#ident as ::ligato_vpp_api::Message>::DEFINITION.crc,
                );
                match ::core::str::from_utf8(&TEXT) {
                    Ok(text) => text,
                    Err(_) => #name,
                }
            };

            fn encode(&self, out: &mut ::bytes::BytesMut) {
                let _ = &out;
                #(#encode)*
            }

            fn decode(
                input: &mut ::ligato_vpp_api::Reader<'_>,
            ) -> ::core::result::Result<Self, ::ligato_vpp_api::DecodeError> {
                let _ = &input;
                #(#decode)*
                Ok(#ident { #(#idents),* })
            }
        }

        #role
    })
}

/// The implementation of the trait that says what kind of message it is.
fn role(
    ident: &syn::Ident,
    container: &Container,
    body: &Body,
) -> syn::Result<proc_macro2::TokenStream> {
    let role = container.role.as_ref().ok_or_else(|| {
        syn::Error::new_spanned(ident, "say what kind of message it is: #[vpp(…)]")
    })?;
    Ok(match role {
        Role::Request(reply) => quote! {
            impl ::ligato_vpp_api::Request for #ident { type Reply = #reply; }
        },
        Role::Dump(details) => quote! {
            impl ::ligato_vpp_api::Dump for #ident { type Details = #details; }
        },
        Role::Stream { reply, details } => quote! {
            impl ::ligato_vpp_api::StreamDump for #ident {
                type Reply = #reply;
                type Details = #details;

                fn at(mut self, cursor: u32) -> Self {
                    self.cursor = cursor;
                    self
                }

                fn cursor(reply: &#reply) -> u32 {
                    reply.cursor
                }
            }
        },
        Role::Reply => {
            let retval =
                body.retval.as_ref().map_or_else(|| quote!(0), |field| quote!(self.#field));
            quote! {
                impl ::ligato_vpp_api::Reply for #ident {
                    fn retval(&self) -> i32 {
                        #retval
                    }
                }
            }
        }
        Role::Details => quote! {},
        Role::Event => quote! { impl ::ligato_vpp_api::Event for #ident {} },
    })
}

fn wire(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let container = Container::parse(&input.attrs)?;
    let body = Body::parse(input)?;
    let ident = &input.ident;
    let name = format!("vl_api_{}_t", container.name_or_default(ident));
    let Body { definitions, encode, decode, idents, lengths, .. } = &body;
    Ok(quote! {
        impl ::ligato_vpp_api::Wire for #ident {
            const TYPE: &'static ::ligato_vpp_api::TypeDef = &::ligato_vpp_api::TypeDef {
                name: #name,
                kind: ::ligato_vpp_api::TypeKind::Struct(&[#(#definitions),*]),
            };
            const MIN_LEN: usize = 0 #(+ #lengths)*;

            fn put(&self, out: &mut ::bytes::BytesMut) {
                #(#encode)*
            }

            fn get(
                input: &mut ::ligato_vpp_api::Reader<'_>,
            ) -> ::core::result::Result<Self, ::ligato_vpp_api::DecodeError> {
                #(#decode)*
                Ok(#ident { #(#idents),* })
            }
        }
    })
}
