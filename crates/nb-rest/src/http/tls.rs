//! TLS of the server, 1.2 or newer.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

use crate::conf::HttpConf;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} holds no usable {what}: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate, key and authorities do not go together.
    #[error("the TLS settings cannot be used: {0}")]
    Settings(String),
}

/// What turns connections into TLS connections; `None` when no certificate is configured.
pub(crate) fn acceptor(conf: &HttpConf) -> Result<Option<TlsAcceptor>, TlsError> {
    let (Some(cert), Some(key)) = (&conf.server_cert_file, &conf.server_key_file) else {
        return Ok(None);
    };
    let settings = |error: &dyn std::fmt::Display| TlsError::Settings(error.to_string());
    let chain = certificates(cert)?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| TlsError::Content {
        path: key.clone(),
        what: "private key",
        reason: error.to_string(),
    })?;
    // Named, because a process may hold more than one provider and then has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| settings(&error))?;
    let builder = if conf.client_cert_files.is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for path in &conf.client_cert_files {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| settings(&error))?;
            }
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().map_err(|error| settings(&error))?)
    };
    let mut config = builder.with_single_cert(chain, secret).map_err(|error| settings(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let content = |reason: String| TlsError::Content {
        path: path.to_path_buf(),
        what: "certificate",
        reason,
    };
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| content(error.to_string()))?;
    if found.is_empty() { Err(content("there is none".to_owned())) } else { Ok(found) }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_path_buf(), source })
}
