//! Groups of permissions: which requests each allows. Names and content are the original's; the one path that its
//! group could not use for want of the right method, `POST /configuration/validate`, can be used here.

use axum::http::Method;

/// A group that a user may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Everything.
    Admin,
    /// What the group lists.
    Listed(&'static str, &'static [Allowed]),
}

/// One request that is allowed: a method and the exact path.
type Allowed = (Method, &'static str);

const GROUPS: &[(&str, &[Allowed])] = &[
    ("info", &[(Method::GET, "/info/version"), (Method::GET, "/info/configuration/jsonschema")]),
    ("stats", &[(Method::GET, "/stats/configurator")]),
    (
        "telemetry",
        &[
            (Method::GET, "/vpp/telemetry"),
            (Method::GET, "/vpp/telemetry/memory"),
            (Method::GET, "/vpp/telemetry/runtime"),
            (Method::GET, "/vpp/telemetry/nodecount"),
        ],
    ),
    (
        "dump",
        &[
            (Method::GET, "/dump/vpp/v2/abf"),
            (Method::GET, "/dump/vpp/v2/acl/ip"),
            (Method::GET, "/dump/vpp/v2/acl/macip"),
            (Method::GET, "/dump/vpp/v2/interfaces"),
            (Method::GET, "/dump/vpp/v2/interfaces/loopback"),
            (Method::GET, "/dump/vpp/v2/interfaces/ethernet"),
            (Method::GET, "/dump/vpp/v2/interfaces/memif"),
            (Method::GET, "/dump/vpp/v2/interfaces/tap"),
            (Method::GET, "/dump/vpp/v2/interfaces/afpacket"),
            (Method::GET, "/dump/vpp/v2/interfaces/vxlan"),
            (Method::GET, "/dump/vpp/v2/bd"),
            (Method::GET, "/dump/vpp/v2/fib"),
            (Method::GET, "/dump/vpp/v2/xc"),
            (Method::GET, "/dump/vpp/v2/arps"),
            (Method::GET, "/dump/vpp/v2/routes"),
            (Method::GET, "/dump/vpp/v2/proxyarp/interfaces"),
            (Method::GET, "/dump/vpp/v2/proxyarp/ranges"),
        ],
    ),
    ("nbConfigValidation", &[(Method::POST, "/configuration/validate")]),
    ("nbConfigRead", &[(Method::GET, "/configuration")]),
    ("nbConfigWrite", &[(Method::PUT, "/configuration")]),
];

// === impl Group ===

impl Group {
    /// The group with this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        if name == "admin" {
            return Some(Self::Admin);
        }
        GROUPS.iter().find(|(known, _)| *known == name).map(|(name, list)| Self::Listed(name, list))
    }

    /// The names of all groups.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("admin").chain(GROUPS.iter().map(|(name, _)| *name))
    }

    /// Whether a member may make this request.
    pub(crate) fn allows(self, method: &Method, path: &str) -> bool {
        // What may be read may also be asked whether it is there.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match self {
            Self::Admin => true,
            // The index shows nothing but links, so every group has it.
            Self::Listed(..) if path == "/" => method == Method::GET,
            Self::Listed(_, list) => list.iter().any(|(m, p)| m == method && *p == path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_allow_what_they_list_and_nothing_else() {
        let group = |name| Group::by_name(name).unwrap();
        for name in Group::names() {
            assert!(group(name).allows(&Method::GET, "/"), "{name}");
        }
        assert_eq!(Group::by_name("root"), None);
        assert!(group("admin").allows(&Method::PUT, "/log/grpc/debug"));
        for (name, method, path, allowed) in [
            ("nbConfigRead", Method::GET, "/configuration", true),
            ("nbConfigRead", Method::HEAD, "/configuration", true),
            ("nbConfigRead", Method::PUT, "/configuration", false),
            ("nbConfigRead", Method::GET, "/configuration/", false),
            ("nbConfigWrite", Method::PUT, "/configuration", true),
            ("nbConfigWrite", Method::GET, "/configuration", false),
            ("nbConfigValidation", Method::POST, "/configuration/validate", true),
            ("info", Method::GET, "/info/version", true),
            ("info", Method::GET, "/metrics", false),
            ("dump", Method::GET, "/dump/vpp/v2/interfaces/tap", true),
            ("dump", Method::GET, "/dump/linux/v2/interfaces", false),
        ] {
            assert_eq!(group(name).allows(&method, path), allowed, "{name} {method} {path}");
        }
    }
}
