//! Keys, models, the model registry and the protobuf JSON/YAML codecs. Nothing in this crate does I/O.
//!
//! * [`Key`] – the cheap-to-clone name of one value.
//! * [`Value`] – one protobuf message of any type, shared and comparable.
//! * [`Model`] – a message that is configuration: it knows its [`Spec`] and builds its own key.
//! * [`Registry`] – all models of one agent; turns keys, names and bytes into models and values.
//!
//! ```
//! use ligato_model::{Key, Spec};
//!
//! const ROUTE: Spec = Spec::new("vpp", "v2", "route");
//! assert_eq!(ROUTE.model_name(), "vpp.route");
//! assert_eq!(ROUTE.key_prefix(), "config/vpp/v2/route/");
//! assert_eq!(ROUTE.key("vrf/0/dst/10.0.0.0/8/"), Key::from("config/vpp/v2/route/vrf/0/dst/10.0.0.0/8"));
//! ```

mod error;
mod key;
mod message;
pub mod name;
mod registry;
mod spec;
pub mod text;
mod value;

pub use error::ModelError;
pub use key::{AGENT_PREFIX, Key, clean_path, strip_agent_prefix};
pub use message::{AnyMessage, ConfigField, Message, Model};
pub use registry::{ModelInfo, Registry, RegistryBuilder};
pub use spec::Spec;
pub use value::{TYPE_URL_PREFIX, Value};
