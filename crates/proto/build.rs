//! Compiles every `.proto` file under `api/proto` into messages, services, published descriptors and models.
//!
//! A new kind is a new `.proto` file and nothing else here: its message says with the options
//! `ligato.generic.model` and `ligato.generic.model_name_template` what its model is, and the code is made from that.

#[path = "build/models.rs"]
mod models;
#[path = "build/publish.rs"]
mod publish;
#[path = "build/rust_names.rs"]
mod rust_names;
#[path = "build/template.rs"]
mod template;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Descriptors travel as bytes, so that options unknown to `prost-types` are not lost on the way.
const RAW_TYPES: [(&str, &str); 2] = [
    (".google.protobuf.FileDescriptorProto", "crate::RawFileDescriptor"),
    (".google.protobuf.FileDescriptorSet", "crate::RawFileDescriptorSet"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../api/proto");
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut files = Vec::new();
    find_protos(&root, &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;

    let mut config = tonic_prost_build::Config::new();
    config.btree_map(["."]).include_file("protos.rs");
    for (proto, rust) in RAW_TYPES {
        config.extern_path(proto, rust);
    }
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;

    let pool = compiler.descriptor_pool();
    fs::write(out.join("models.rs"), models::generate(&pool)?)?;
    // Comments are for the generated code; the wire form does without them, as the original's does.
    compiler.include_source_info(false);
    let published = publish::strip_model_options(&pool, &compiler.encode_file_descriptor_set())?;
    fs::write(out.join("descriptors.bin"), published)?;
    Ok(())
}

/// Collects all `.proto` files below a folder.
fn find_protos(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_protos(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
