//! `ligato.generic.MetaService`: which kinds there are.

use std::collections::HashSet;

use ligato_model::{ModelInfo, Registry};
use ligato_proto::generic::meta_service_server::MetaService;
use ligato_proto::generic::model_detail::Option as DetailOption;
use ligato_proto::generic::{
    KnownModelsRequest, KnownModelsResponse, ModelDetail, ModelSpec, ProtoFileDescriptorRequest,
    ProtoFileDescriptorResponse,
};
use ligato_proto::{RawFileDescriptor, RawFileDescriptorSet};
use prost_reflect::FileDescriptor;
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) registry: Registry,
}

#[async_trait]
impl MetaService for Meta {
    async fn known_models(
        &self,
        request: Request<KnownModelsRequest>,
    ) -> Result<Response<KnownModelsResponse>, Status> {
        let class = request.into_inner().class;
        let wanted = |model: &&ModelInfo| class.is_empty() || model.spec.class == class;
        let known_models = self.registry.iter().filter(wanted).map(detail).collect();
        Ok(Response::new(KnownModelsResponse { known_models, active_modules: Vec::new() }))
    }

    async fn proto_file_descriptor(
        &self,
        request: Request<ProtoFileDescriptorRequest>,
    ) -> Result<Response<ProtoFileDescriptorResponse>, Status> {
        let name = request.into_inner().full_proto_file_name;
        let model = self.registry.iter().find(|model| model.proto_file == name);
        let Some(model) = model else {
            return Err(Status::not_found(format!("no model is defined in {name:?}")));
        };
        let file = model.descriptor().parent_file();
        let mut imports = Vec::new();
        collect_imports(&file, &mut HashSet::new(), &mut imports);
        Ok(Response::new(ProtoFileDescriptorResponse {
            file_descriptor: Some(RawFileDescriptor(file.encode_to_vec())),
            file_import_descriptors: Some(RawFileDescriptorSet { file: imports }),
        }))
    }
}

fn detail(model: &ModelInfo) -> ModelDetail {
    let option = |key: &str, value: &str| DetailOption {
        key: key.to_owned(),
        values: vec![value.to_owned()],
    };
    ModelDetail {
        spec: Some(ModelSpec {
            module: model.spec.module.to_owned(),
            version: model.spec.version.to_owned(),
            r#type: model.spec.type_name.to_owned(),
            class: model.spec.class.to_owned(),
        }),
        proto_name: model.proto_name.to_owned(),
        options: vec![
            option("nameTemplate", model.name_template),
            option("protoFile", model.proto_file),
        ],
    }
}

/// All files that one needs, each once, before those that need it.
fn collect_imports(
    file: &FileDescriptor,
    seen: &mut HashSet<String>,
    found: &mut Vec<RawFileDescriptor>,
) {
    for import in file.dependencies() {
        if seen.insert(import.name().to_owned()) {
            collect_imports(&import, seen, found);
            found.push(RawFileDescriptor(import.encode_to_vec()));
        }
    }
}
