//! The key-value store of the agent, as the command line needs it.

use anyhow::{Context, Result};
use etcd_client::{
    Certificate, Client, ConnectOptions, GetOptions, Identity, TlsOptions, Txn, TxnOp,
};

use crate::{exit::Failure, settings::Settings};

/// A connection to etcd.
pub(crate) struct Etcd {
    client: Client,
}

impl Etcd {
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(std::time::Duration::from_secs(3))
            .with_timeout(std::time::Duration::from_secs(10));
        if let Some(tls) = &settings.kvdb_tls {
            let read =
                |p: &std::path::Path| std::fs::read(p).with_context(|| p.display().to_string());
            let mut config = TlsOptions::new();
            if let Some(file) = &tls.ca_file {
                config = config.ca_certificate(Certificate::from_pem(read(file)?));
            }
            if let (Some(cert), Some(key)) = (&tls.cert_file, &tls.key_file) {
                config = config.identity(Identity::from_pem(read(cert)?, read(key)?));
            }
            options = options.with_tls(config);
        }
        let unreachable = |error: etcd_client::Error| {
            let host = settings.etcd_endpoints.join(",");
            anyhow::Error::from(Failure::Unreachable { host, source: error.into() })
                .context("connecting to Etcd failed")
        };
        let mut client =
            Client::connect(&settings.etcd_endpoints, Some(options)).await.map_err(unreachable)?;
        // Connecting is lazy: ask something, to know whether anybody is there.
        client.status().await.map_err(unreachable)?;
        Ok(Self { client })
    }

    pub(crate) async fn get(&mut self, key: &str) -> Result<Option<String>> {
        let answer = self.client.get(key, None).await?;
        Ok(answer.kvs().first().map(|kv| String::from_utf8_lossy(kv.value()).into_owned()))
    }

    pub(crate) async fn list(&mut self, prefix: &str) -> Result<Vec<(String, String)>> {
        let answer = self.client.get(prefix, Some(GetOptions::new().with_prefix())).await?;
        Ok(answer
            .kvs()
            .iter()
            .map(|kv| {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                (text(kv.key()), text(kv.value()))
            })
            .collect())
    }

    pub(crate) async fn put(&mut self, key: &str, value: &str) -> Result<()> {
        self.client.put(key, value, None).await?;
        Ok(())
    }

    /// Was there anything to delete?
    pub(crate) async fn delete(&mut self, key: &str) -> Result<bool> {
        Ok(self.client.delete(key, None).await?.deleted() > 0)
    }

    /// All pairs in one transaction.
    pub(crate) async fn put_all(&mut self, pairs: &[(String, String)]) -> Result<()> {
        let ops: Vec<TxnOp> =
            pairs.iter().map(|(k, v)| TxnOp::put(k.as_str(), v.as_str(), None)).collect();
        self.client.txn(Txn::new().and_then(ops)).await?;
        Ok(())
    }
}
