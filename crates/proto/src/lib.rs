//! The northbound protobuf contract: messages, services, published descriptors and models.
//!
//! Everything here is made from the `.proto` files under `api/proto` of this repository when the crate is built. The
//! modules follow the protobuf packages: `ligato.vpp.l2.BridgeDomain` is [`vpp::l2::BridgeDomain`]. Each message
//! implements [`prost_reflect::ReflectMessage`]; each message with the option `ligato.generic.model` implements
//! [`ligato_model::Model`] and is in the [`registry`].
//!
//! ```
//! use ligato_model::Model;
//! use ligato_proto::vpp::l3::Route;
//!
//! let route = Route { vrf_id: 2, dst_network: "10.0.0.5/8".into(), ..Default::default() };
//! assert_eq!(route.key(), "config/vpp/v2/route/vrf/2/dst/10.0.0.0/8");
//! assert!(ligato_proto::registry().by_key(&route.key()).is_some());
//! ```

mod config_data;
mod descriptors;
mod raw_descriptor;
pub mod rpc;

use std::sync::LazyLock;

use ligato_model::Registry;

pub use descriptors::{DESCRIPTOR_POOL, FILE_DESCRIPTOR_SET};
pub use generated::ligato::{
    configurator, generic, govppmux, kvscheduler, linux, netalloc, vpp, vppapi,
};
pub use generated::*;
pub use raw_descriptor::{RawFileDescriptor, RawFileDescriptorSet};

use descriptors::message_descriptor;

#[expect(
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated from the .proto files"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/protos.rs"));
}

include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// The models of all `.proto` files of this repository.
#[must_use]
pub fn registry() -> Registry {
    #[expect(
        clippy::expect_used,
        reason = "the models are fixed when this crate is built, and a test builds the registry"
    )]
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| register_all(Registry::builder()).build().expect("models do not collide"));
    REGISTRY.clone()
}

#[cfg(test)]
mod tests;
