//! Enumerations and sets of flags that keep numbers this crate does not know.

/// Defines an enumeration of the API: a number with names. A number a newer VPP adds is kept as it is.
///
/// `prefix` is what VPP's names have in front of ours. Entries marked `compatible` exist on the wire but are not part
/// of the CRC.
#[macro_export]
macro_rules! api_enum {
    (
        $(#[$meta:meta])*
        $name:ident: $base:ident = $api:literal, prefix $prefix:literal {
            $($(#[$entry_meta:meta])* $entry:ident = $value:literal $($compatible:ident)?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $base);

        impl $name {
            $($(#[$entry_meta])* pub const $entry: $name = $name($value);)*

            /// The name without its prefix, if the number has one.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($entry)),)*
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#x}", self.0),
                }
            }
        }

        impl $crate::Wire for $name {
            const TYPE: &'static $crate::TypeDef = &$crate::TypeDef {
                name: concat!("vl_api_", $api, "_t"),
                kind: $crate::TypeKind::Enum {
                    base: stringify!($base),
                    entries: &[$($crate::EnumEntry {
                        name: concat!($prefix, stringify!($entry)),
                        value: $value,
                        compatible: $crate::api_enum!(@compatible $($compatible)?),
                    },)*],
                },
            };
            const MIN_LEN: usize = size_of::<$base>();

            fn put(&self, out: &mut ::bytes::BytesMut) {
                self.0.put(out);
            }

            fn get(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                Ok($name($base::get(input)?))
            }
        }
    };
    (@compatible) => { false };
    (@compatible compatible) => { true };
}

/// Adds the operations of a set of bits to a type made by [`api_enum!`].
#[macro_export]
macro_rules! api_flags {
    ($($name:ident),* $(,)?) => {$(
        impl $name {
            /// No flag.
            pub const EMPTY: $name = $name(0);

            /// Whether all flags of `other` are set.
            #[must_use]
            pub const fn contains(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }

            /// These flags and, if `on`, those of `other`.
            #[must_use]
            pub const fn with_if(self, other: $name, on: bool) -> $name {
                if on { $name(self.0 | other.0) } else { self }
            }
        }

        impl ::std::ops::BitOr for $name {
            type Output = $name;

            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }

        impl ::std::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: $name) {
                self.0 |= other.0;
            }
        }
    )*};
}
