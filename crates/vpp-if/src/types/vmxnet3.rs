//! Network cards of VMware. Messages: `vmxnet3_create`, `vmxnet3_delete`, `sw_vmxnet3_interface_dump`.
//!
//! The name holds the PCI address. Whether events are logged VPP does not tell: it is taken to be as wanted.

use ligato_kvs_api::{Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::VmxNet3Link;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::vmxnet3::{SwVmxnet3InterfaceDetails, Vmxnet3Create, Vmxnet3Delete};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

/// What VPP takes for a size of 0.
const DEFAULT_SIZE: u32 = 1024;
/// Sizes VPP takes: multiples of the first up to the second.
const SIZES: (u32, u32) = (64, 4096);

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::at_creation("vmx_net3.enable_elog", "not in `sw_vmxnet3_interface_details`"),
    Field::read("vmx_net3.rxq_size").unset(Unset::Number(DEFAULT_SIZE)),
    Field::read("vmx_net3.txq_size").unset(Unset::Number(DEFAULT_SIZE)),
];

pub(super) fn validate(name: &str, link: &VmxNet3Link, bad: &mut Invalid) {
    let VmxNet3Link { enable_elog: _, rxq_size, txq_size } = link;
    if pci_address(name).is_none() {
        bad.push("name", "is not vmxnet3-<domain>/<bus>/<slot>/<function>, in hexadecimal");
    }
    let (unit, most) = SIZES;
    for (field, size) in
        [("link.vmx_net3.rxq_size", *rxq_size), ("link.vmx_net3.txq_size", *txq_size)]
    {
        if size > most || !size.is_multiple_of(unit) {
            bad.push(field, format!("{size} is not a multiple of {unit} up to {most}"));
        }
    }
}

/// Function, slot, bus and domain in 3, 5, 8 and 16 bits from the highest.
fn pci_address(name: &str) -> Option<u32> {
    let parts: Vec<&str> = name.strip_prefix("vmxnet3-")?.split('/').collect();
    let [domain, bus, slot, function] = parts.as_slice() else { return None };
    let part = |text: &str, bits: u32| {
        u32::from_str_radix(text, 16).ok().filter(|number| *number < 1 << bits)
    };
    let (domain, bus) = (part(domain, 16)?, part(bus, 8)?);
    let (slot, function) = (part(slot, 5)?, part(function, 3)?);
    Some(function << 29 | slot << 24 | bus << 16 | domain)
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<Vmxnet3Create>()
}

pub(super) fn same(old: &VmxNet3Link, new: &VmxNet3Link) -> bool {
    size(old.rxq_size) == size(new.rxq_size) && size(old.txq_size) == size(new.txq_size)
}

fn size(given: u32) -> u32 {
    if given == 0 { DEFAULT_SIZE } else { given }
}

pub(super) async fn create(
    ctx: &VppCtx,
    name: &str,
    link: &VmxNet3Link,
) -> Result<InterfaceIndex, OpError> {
    ctx.request(to_vpp(name, link)?).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = Vmxnet3Delete { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(name: &str, link: &VmxNet3Link) -> Result<Vmxnet3Create, Invalid> {
    let VmxNet3Link { enable_elog, rxq_size, txq_size } = link;
    let size = |field: &str, size: u32| {
        u16::try_from(size).map_err(|_| Invalid::field(field, format!("{size} is too large")))
    };
    let pci_addr =
        pci_address(name).ok_or_else(|| Invalid::field("name", "holds no PCI address"))?;
    Ok(Vmxnet3Create {
        pci_addr,
        enable_elog: i32::from(*enable_elog),
        rxq_size: size("link.vmx_net3.rxq_size", *rxq_size)?,
        rxq_num: 1,
        txq_size: size("link.vmx_net3.txq_size", *txq_size)?,
        txq_num: 1,
        bind: 0,
        enable_gso: false,
    })
}

/// The settings of a card read back. `wanted` are those wanted, for what VPP does not tell and for telling a default from the
/// same value given.
pub(crate) fn link_from_vpp(
    details: &SwVmxnet3InterfaceDetails,
    wanted: Option<&VmxNet3Link>,
) -> VmxNet3Link {
    let ([rx, ..], [tx, ..]) = (details.rx_list, details.tx_list);
    let found = VmxNet3Link {
        enable_elog: wanted.is_some_and(|wanted| wanted.enable_elog),
        rxq_size: rx.rx_qsize.into(),
        txq_size: tx.tx_qsize.into(),
    };
    match wanted {
        Some(wanted) if same(wanted, &found) => *wanted,
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use ligato_vpp_api::msg::vmxnet3::{Vmxnet3RxList, Vmxnet3TxList};

    use super::*;

    #[test]
    fn the_name_holds_the_pci_address() {
        assert_eq!(pci_address("vmxnet3-0/b/0/0"), Some(0x000b_0000));
        assert_eq!(pci_address("vmxnet3-ffff/ff/1f/7"), Some(0xffff_ffff));
        assert_eq!(pci_address("vmxnet3-0/3/1/2"), Some(2 << 29 | 1 << 24 | 3 << 16));
        for wrong in ["vmxnet3", "vmxnet3-0/b/0", "vmxnet3-0/100/0/0", "vmxnet3-0/b/0/8", "eth0"] {
            assert_eq!(pci_address(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_made_is_read_back() {
        let link = VmxNet3Link { enable_elog: true, rxq_size: 2048, txq_size: 0 };
        let made = to_vpp("vmxnet3-0/b/0/0", &link).unwrap();
        let mut details =
            SwVmxnet3InterfaceDetails { rx_count: 1, tx_count: 1, ..Default::default() };
        details.rx_list[0] = Vmxnet3RxList { rx_qsize: made.rxq_size, ..Default::default() };
        details.tx_list[0] = Vmxnet3TxList { tx_qsize: 1024, ..Default::default() };
        assert_eq!(link_from_vpp(&details, Some(&link)), link);
        let alone = VmxNet3Link { enable_elog: false, rxq_size: 2048, txq_size: 1024 };
        assert_eq!(link_from_vpp(&details, None), alone);
    }

    #[test]
    fn bad_settings_are_named() {
        let mut bad = Invalid::default();
        let link = VmxNet3Link { enable_elog: false, rxq_size: 100, txq_size: 8192 };
        validate("eth0", &link, &mut bad);
        assert_eq!(bad.field_names(), ["name", "link.vmx_net3.rxq_size", "link.vmx_net3.txq_size"]);
    }
}
