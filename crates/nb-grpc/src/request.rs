//! What a caller says besides the message: for whom, what to wait for, how long.

use std::time::Duration;

use ligato_infra::config::ConfigDuration;
use ligato_kvs_api::{Acknowledgement, SourceId};
use ligato_orchestrator::{InvalidPolicy, PushOptions, names};
use ligato_proto::rpc;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// The metadata of a request.
#[derive(Debug, Clone)]
pub(crate) struct Wishes {
    pub(crate) source: SourceId,
    ack: Acknowledgement,
    pub(crate) deadline: Option<Duration>,
}

impl Wishes {
    /// Reads the metadata.
    pub(crate) fn read(metadata: &MetadataMap) -> Result<Self, Status> {
        Ok(Self { source: source(metadata), ack: ack(metadata)?, deadline: deadline(metadata)? })
    }

    /// How the orchestrator shall carry the request out: a wrong entry refuses all of it.
    pub(crate) fn options(&self, description: &str) -> PushOptions {
        PushOptions {
            ack: self.ack,
            deadline: self.deadline,
            on_invalid: InvalidPolicy::RefuseAll,
            ..PushOptions::default()
        }
        .described(description)
    }
}

/// Exactly one value counts; none or several mean `grpc`.
fn source(metadata: &MetadataMap) -> SourceId {
    let mut values = metadata.get_all(rpc::DATA_SOURCE).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (Some(Ok(name)), None) if !name.is_empty() => name.into(),
        _ => names::GRPC.into(),
    }
}

fn ack(metadata: &MetadataMap) -> Result<Acknowledgement, Status> {
    match text(metadata, rpc::ACKNOWLEDGEMENT)? {
        None | Some("applied") => Ok(Acknowledgement::Applied),
        Some("accepted") => Ok(Acknowledgement::Accepted),
        Some("verified") => Ok(Acknowledgement::Verified),
        Some(other) => Err(Status::invalid_argument(format!(
            "metadata {}: {other:?} is none of accepted, applied, verified",
            rpc::ACKNOWLEDGEMENT
        ))),
    }
}

fn deadline(metadata: &MetadataMap) -> Result<Option<Duration>, Status> {
    let Some(text) = text(metadata, rpc::ACK_DEADLINE)? else { return Ok(None) };
    let duration: ConfigDuration = text.parse().map_err(|error| {
        Status::invalid_argument(format!("metadata {}: {error}", rpc::ACK_DEADLINE))
    })?;
    Ok(Some(duration.into()))
}

fn text<'m>(metadata: &'m MetadataMap, name: &str) -> Result<Option<&'m str>, Status> {
    let Some(value) = metadata.get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Status::invalid_argument(format!("metadata {name} is no text"))),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn metadata(entries: &[(&'static str, &str)]) -> MetadataMap {
        let mut map = MetadataMap::new();
        for (name, value) in entries {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn only_a_single_data_source_counts() {
        for (entries, expected) in [
            (vec![], "grpc"),
            (vec![("datasrc", "operator")], "operator"),
            (vec![("datasrc", "a"), ("datasrc", "b")], "grpc"),
            (vec![("datasrc", "")], "grpc"),
        ] {
            assert_eq!(&*Wishes::read(&metadata(&entries)).unwrap().source, expected);
        }
    }

    #[test]
    fn acknowledgement_and_deadline_are_read() {
        let wishes = metadata(&[("ack", "verified"), ("ack-deadline", "1.5s")]);
        let options = Wishes::read(&wishes).unwrap().options("test");
        assert_eq!(options.ack, Acknowledgement::Verified);
        assert_eq!(options.deadline, Some(Duration::from_millis(1500)));
        assert_eq!(Wishes::read(&metadata(&[])).unwrap().options("").ack, Acknowledgement::Applied);
    }

    #[test]
    fn nonsense_is_an_invalid_argument() {
        for entry in [("ack", "done"), ("ack-deadline", "soon")] {
            let status = Wishes::read(&metadata(&[entry])).unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(entry.0), "{status}");
        }
    }
}
