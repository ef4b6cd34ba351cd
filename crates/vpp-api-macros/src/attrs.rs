//! The `#[vpp(…)]` attributes of structs and fields.

use proc_macro2::Ident;
use syn::{Attribute, LitInt, LitStr, Type};

/// What kind of message a struct is.
pub(crate) enum Role {
    Request(Box<Type>),
    Dump(Box<Type>),
    Stream { reply: Box<Type>, details: Box<Type> },
    Reply,
    Details,
    Event,
}

/// Attributes of a struct.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) role: Option<Role>,
    /// Other CRCs of the same layout.
    pub(crate) also: Vec<u32>,
    name: Option<String>,
    header: Option<Ident>,
}

impl Container {
    pub(crate) fn parse(attrs: &[Attribute]) -> syn::Result<Container> {
        let mut found = Container::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("vpp")) {
            attr.parse_nested_meta(|meta| {
                let key = meta.path.require_ident()?.to_string();
                match key.as_str() {
                    "name" => found.name = Some(meta.value()?.parse::<LitStr>()?.value()),
                    "also" => {
                        found.also.push(meta.value()?.parse::<LitInt>()?.base10_parse()?);
                    }
                    "header" => found.header = Some(meta.value()?.parse()?),
                    "request" => found.role = Some(Role::Request(meta.value()?.parse()?)),
                    "dump" => found.role = Some(Role::Dump(meta.value()?.parse()?)),
                    "stream" => found.role = Some(stream(&meta)?),
                    "reply" => found.role = Some(Role::Reply),
                    "details" => found.role = Some(Role::Details),
                    "event" => found.role = Some(Role::Event),
                    _ => return Err(meta.error("unknown attribute")),
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// The given name, or the struct's in snake case.
    pub(crate) fn name_or_default(&self, ident: &Ident) -> String {
        self.name.clone().unwrap_or_else(|| snake_case(&ident.to_string()))
    }

    /// The given header kind, or the one messages of this role have.
    pub(crate) fn header_or_default(&self, ident: &Ident) -> syn::Result<Ident> {
        if let Some(header) = &self.header {
            return Ok(header.clone());
        }
        let kind = match &self.role {
            Some(Role::Request(_) | Role::Dump(_) | Role::Stream { .. }) => "Request",
            Some(Role::Reply | Role::Details) => "Reply",
            Some(Role::Event) => "Event",
            None => {
                return Err(syn::Error::new_spanned(
                    ident,
                    "say what kind of message it is: #[vpp(request = …)], #[vpp(reply)], …",
                ));
            }
        };
        Ok(Ident::new(kind, ident.span()))
    }
}

fn stream(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<Role> {
    let mut reply = None;
    let mut details = None;
    meta.parse_nested_meta(|inner| {
        if inner.path.is_ident("reply") {
            reply = Some(inner.value()?.parse()?);
        } else if inner.path.is_ident("details") {
            details = Some(inner.value()?.parse()?);
        } else {
            return Err(inner.error("expected reply or details"));
        }
        Ok(())
    })?;
    match (reply, details) {
        (Some(reply), Some(details)) => Ok(Role::Stream { reply, details }),
        _ => Err(meta.error("expected stream(reply = …, details = …)")),
    }
}

/// Attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) name: Option<String>,
    pub(crate) count: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) retval: bool,
    pub(crate) data: bool,
    pub(crate) secret: bool,
}

impl FieldAttrs {
    pub(crate) fn parse(attrs: &[Attribute]) -> syn::Result<FieldAttrs> {
        let mut found = FieldAttrs::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("vpp")) {
            attr.parse_nested_meta(|meta| {
                let key = meta.path.require_ident()?.to_string();
                match key.as_str() {
                    "name" => found.name = Some(meta.value()?.parse::<LitStr>()?.value()),
                    "count" => found.count = Some(meta.value()?.parse::<LitStr>()?.value()),
                    "before" => found.before = Some(meta.value()?.parse::<LitStr>()?.value()),
                    "retval" => found.retval = true,
                    "data" => found.data = true,
                    "secret" => found.secret = true,
                    _ => return Err(meta.error("unknown attribute")),
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// `SwInterfaceDump` to `sw_interface_dump`; digits stay with the word before them.
fn snake_case(ident: &str) -> String {
    let mut out = String::with_capacity(ident.len() + 8);
    for (i, c) in ident.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn words_begin_at_capitals() {
        assert_eq!(snake_case("SwInterfaceDump"), "sw_interface_dump");
        assert_eq!(snake_case("IpRouteAddDelV2"), "ip_route_add_del_v2");
        assert_eq!(snake_case("BondCreate2"), "bond_create2");
    }
}
