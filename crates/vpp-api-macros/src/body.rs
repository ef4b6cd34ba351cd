//! The fields of a struct, turned into definitions and code.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Field, Fields};

use crate::attrs::FieldAttrs;

/// What the derives put into the implementation, in wire order.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) idents: Vec<Ident>,
    pub(crate) definitions: Vec<TokenStream>,
    pub(crate) encode: Vec<TokenStream>,
    pub(crate) decode: Vec<TokenStream>,
    pub(crate) lengths: Vec<TokenStream>,
    pub(crate) retval: Option<Ident>,
}

impl Body {
    pub(crate) fn parse(input: &DeriveInput) -> syn::Result<Body> {
        let Data::Struct(data) = &input.data else {
            return Err(syn::Error::new_spanned(input, "only structs with named fields"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(syn::Error::new_spanned(input, "only structs with named fields"));
        };
        let fields = named
            .named
            .iter()
            .map(|field| Ok((field, FieldAttrs::parse(&field.attrs)?)))
            .collect::<syn::Result<Vec<_>>>()?;
        let mut body = Body::default();
        for (field, attrs) in &fields {
            let Some(ident) = &field.ident else { continue };
            let name = wire_name(ident, attrs);
            for (list, list_attrs) in &fields {
                if count_goes_before(list, list_attrs, ident, &name) {
                    body.push_count(list, list_attrs);
                }
            }
            if attrs.retval || (name == "retval" && !attrs.data) {
                body.retval = Some(ident.clone());
            }
            match &attrs.count {
                Some(count) => body.push_list(field, ident, &name, count),
                None => body.push_field(field, ident, &name, attrs.secret),
            }
            body.idents.push(ident.clone());
        }
        Ok(body)
    }

    fn push_field(&mut self, field: &Field, ident: &Ident, name: &str, secret: bool) {
        let ty = &field.ty;
        self.definitions.push(quote! {
            ::ligato_vpp_api::FieldDef {
                name: #name,
                ty: <#ty as ::ligato_vpp_api::Wire>::TYPE,
                shape: <#ty as ::ligato_vpp_api::Wire>::SHAPE,
                secret: #secret,
            }
        });
        self.encode.push(quote! { ::ligato_vpp_api::Wire::put(&self.#ident, out); });
        self.decode.push(quote! { let #ident = <#ty as ::ligato_vpp_api::Wire>::get(input)?; });
        self.lengths.push(quote! { <#ty as ::ligato_vpp_api::Wire>::MIN_LEN });
    }

    fn push_list(&mut self, field: &Field, ident: &Ident, name: &str, count: &str) {
        let ty = &field.ty;
        let counter = counter(ident);
        self.definitions.push(quote! {
            ::ligato_vpp_api::FieldDef {
                name: #name,
                ty: <#ty>::ELEMENT,
                shape: <#ty>::shape(#count),
                secret: false,
            }
        });
        self.encode.push(quote! { self.#ident.put_items(out); });
        self.decode.push(quote! { let #ident = <#ty>::get_items(#counter, input)?; });
    }

    /// The count field of a list, which the struct does not have.
    fn push_count(&mut self, list: &Field, attrs: &FieldAttrs) {
        let (Some(ident), Some(count)) = (&list.ident, &attrs.count) else {
            return;
        };
        let ty = &list.ty;
        let counter = counter(ident);
        self.definitions.push(quote! {
            ::ligato_vpp_api::FieldDef {
                name: #count,
                ty: <#ty>::COUNT,
                shape: ::ligato_vpp_api::Shape::Scalar,
                secret: false,
            }
        });
        self.encode.push(quote! { self.#ident.put_count(out); });
        self.decode.push(quote! { let #counter = <#ty>::get_count(input)?; });
        self.lengths.push(quote! { <#ty>::MIN_LEN });
    }
}

/// Whether the count field of `list` goes in front of the field `ident`.
fn count_goes_before(list: &Field, attrs: &FieldAttrs, ident: &Ident, name: &str) -> bool {
    match &attrs.before {
        _ if attrs.count.is_none() => false,
        Some(before) => before == name,
        None => list.ident.as_ref() == Some(ident),
    }
}

fn wire_name(ident: &Ident, attrs: &FieldAttrs) -> String {
    attrs.name.clone().unwrap_or_else(|| {
        let text = ident.to_string();
        text.strip_prefix("r#").unwrap_or(&text).to_owned()
    })
}

fn counter(list: &Ident) -> Ident {
    Ident::new(&format!("count_of_{list}"), list.span())
}
