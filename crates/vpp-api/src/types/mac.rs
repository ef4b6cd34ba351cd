//! MAC addresses.

use std::fmt;
use std::str::FromStr;

use bytes::BufMut;

use super::api_alias;

/// A MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Whether all bytes are 0, which in requests leaves the choice to VPP.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }
}

/// A text that is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a MAC address like 02:fe:00:00:00:01")]
pub struct InvalidMac(pub String);

impl FromStr for MacAddress {
    type Err = InvalidMac;

    /// Reads six hexadecimal bytes separated by `:` or `-`, or three groups of four digits separated by `.`.
    fn from_str(text: &str) -> Result<Self, InvalidMac> {
        parse(text).ok_or_else(|| InvalidMac(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<MacAddress> {
    let (separator, digits) = if text.contains('.') {
        ('.', 4)
    } else if text.contains('-') {
        ('-', 2)
    } else {
        (':', 2)
    };
    let mut value = 0_u64;
    let mut groups = 0;
    for group in text.split(separator) {
        if group.len() != digits || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        groups += 1;
        if groups * digits > 12 {
            return None;
        }
        value = (value << (4 * digits)) | u64::from_str_radix(group, 16).ok()?;
    }
    let [_, _, a, b, c, d, e, f] = value.to_be_bytes();
    (groups * digits == 12).then_some(MacAddress([a, b, c, d, e, f]))
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

api_alias!(MacAddress = "mac_address", of "u8", len 6; |value, out| out.put_slice(&value.0), |input| Ok(MacAddress(*input.array()?)), 6);

#[cfg(test)]
mod tests {
    use super::MacAddress;

    #[test]
    fn reads_the_spellings_in_use_and_writes_one() {
        let mac = MacAddress([2, 0xfe, 0, 0, 0, 1]);
        for text in ["02:fe:00:00:00:01", "02-FE-00-00-00-01", "02fe.0000.0001"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
        assert_eq!(mac.to_string(), "02:fe:00:00:00:01");
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "02:fe", "2:fe:0:0:0:1", "02:fe:00:00:00:01:02", "+2:fe:00:00:00:01"] {
            assert!(text.parse::<MacAddress>().is_err(), "{text}");
        }
    }
}
