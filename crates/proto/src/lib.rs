//! The northbound protobuf contract: messages, descriptors, model specifications.
