//! The descriptors shown to clients, and reflection over them.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// The compiled `.proto` files as a binary `google.protobuf.FileDescriptorSet`, imports included, as published.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The same for reflection.
#[expect(clippy::expect_used, reason = "the descriptors are fixed when this crate is built")]
pub static DESCRIPTOR_POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("descriptors are consistent")
});

/// The descriptor of a message of this crate.
#[expect(clippy::expect_used, reason = "only called by code generated from the same descriptors")]
pub(crate) fn message_descriptor(full_name: &str) -> MessageDescriptor {
    DESCRIPTOR_POOL.get_message_by_name(full_name).expect("message is in the descriptors")
}
