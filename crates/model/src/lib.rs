//! Keys, models, the model registry and the protobuf JSON/YAML codecs.
