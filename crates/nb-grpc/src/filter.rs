//! Whether a notification passes the filters of a client.

use ligato_proto::configurator::Notification;
use prost_reflect::{DynamicMessage, ReflectMessage, Value};

/// The filters of one client, taken apart once.
#[derive(Debug)]
pub(crate) struct Filters(Vec<DynamicMessage>);

impl Filters {
    pub(crate) fn new(filters: &[Notification]) -> Self {
        Self(filters.iter().map(ReflectMessage::transcode_to_dynamic).collect())
    }

    /// Whether any filter matches; without filters everything passes.
    pub(crate) fn pass(&self, notification: &Notification) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let notification = notification.transcode_to_dynamic();
        self.0.iter().any(|filter| matches(filter, &notification))
    }
}

/// A filter matches when merging it into the message would change nothing: every field it sets is the same there.
fn matches(filter: &DynamicMessage, message: &DynamicMessage) -> bool {
    filter.fields().all(|(field, wanted)| {
        message.has_field(&field)
            && match (wanted, &*message.get_field(&field)) {
                (Value::Message(wanted), Value::Message(found)) => matches(wanted, found),
                // Merging a list appends to it.
                (Value::List(wanted), _) => wanted.is_empty(),
                (wanted, found) => wanted == found,
            }
    })
}

#[cfg(test)]
mod tests {
    use ligato_proto::configurator::notification::Notification as Kind;
    use ligato_proto::{linux, vpp};

    use super::*;

    fn vpp(name: &str, kind: i32, mtu: u32) -> Notification {
        let state =
            vpp::interfaces::InterfaceState { name: name.into(), mtu, ..Default::default() };
        let interface = vpp::interfaces::InterfaceNotification { r#type: kind, state: Some(state) };
        let notification = vpp::Notification { interface: Some(interface) };
        Notification { notification: Some(Kind::VppNotification(notification)) }
    }

    #[test]
    fn fields_that_the_filter_sets_must_be_the_same() {
        let notification = vpp("if1", 1, 1500);
        for (filter, passes) in [
            (Notification::default(), true),
            (vpp("", 0, 0), true),
            (vpp("if1", 0, 0), true),
            (vpp("if1", 1, 1500), true),
            (vpp("if2", 0, 0), false),
            (vpp("if1", 2, 0), false),
            (vpp("if1", 0, 9000), false),
            (
                Notification {
                    notification: Some(Kind::LinuxNotification(linux::Notification::default())),
                },
                false,
            ),
        ] {
            assert_eq!(
                Filters::new(std::slice::from_ref(&filter)).pass(&notification),
                passes,
                "{filter:?}"
            );
        }
    }

    #[test]
    fn one_of_several_filters_is_enough() {
        let notification = vpp("if1", 1, 1500);
        assert!(Filters::new(&[vpp("if2", 0, 0), vpp("if1", 0, 0)]).pass(&notification));
        assert!(Filters::new(&[]).pass(&notification));
    }
}
