//! The key-value store of the agent, as the command line needs it: the agent's own connector, and one answer to
//! "nobody is there".

use std::time::Duration;

use anyhow::Result;
use ligato_keyval::{Prefix, Read, Store, StoreKey, StoreState, Transact, Txn, Write};
use ligato_keyval_etcd::{EtcdConfig, EtcdStore};

use crate::{
    exit::Failure,
    settings::{Settings, Tls},
};

/// How long to wait for the first answer, as in the original.
const DIAL: Duration = Duration::from_secs(3);
/// How long one operation may take, as in the original.
const OPERATION: Duration = Duration::from_secs(10);

/// A connection to etcd.
pub(crate) struct Etcd(EtcdStore);

impl Etcd {
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let store = EtcdStore::open(config(settings)?)?;
        let mut state = store.state();
        let connected = state.wait_for(|state| *state == StoreState::Connected);
        if let Ok(Ok(_)) = tokio::time::timeout(DIAL, connected).await {
            return Ok(Self(store));
        }
        let said = match &*store.state().borrow() {
            StoreState::Connecting { last_error: Some(error) } => error.clone(),
            _ => format!("no answer within {} s", DIAL.as_secs()),
        };
        let host = settings.etcd_endpoints.join(",");
        let source = anyhow::anyhow!(said);
        Err(anyhow::Error::from(Failure::Unreachable { host, source })
            .context("connecting to Etcd failed"))
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<String>> {
        let entry = self.0.get(&StoreKey::new(key)?).await?;
        Ok(entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
    }

    /// All whose key begins with this text, which may end within a part of a path.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let listing = self.0.snapshot(&[Prefix::new(folder)]).await?;
        let entries = listing.entries.into_iter();
        Ok(entries
            .filter(|entry| entry.key.as_str().starts_with(prefix))
            .map(|entry| {
                let value = String::from_utf8_lossy(&entry.value).into_owned();
                (entry.key.as_str().to_owned(), value)
            })
            .collect())
    }

    pub(crate) async fn put(&self, key: &str, value: &str) -> Result<()> {
        self.0.put(&StoreKey::new(key)?, value.to_owned().into()).await?;
        Ok(())
    }

    /// Was there anything to delete?
    pub(crate) async fn delete(&self, key: &str) -> Result<bool> {
        Ok(self.0.delete(&StoreKey::new(key)?).await?.count > 0)
    }

    /// All pairs in one transaction.
    pub(crate) async fn put_all(&self, pairs: &[(String, String)]) -> Result<()> {
        let mut txn = Txn::new();
        for (key, value) in pairs {
            txn = txn.put(StoreKey::new(key.as_str())?, value.clone());
        }
        self.0.transact(txn).await?;
        Ok(())
    }
}

fn config(settings: &Settings) -> Result<EtcdConfig> {
    let tls = settings.kvdb_tls.clone();
    let insecure_transport = tls.is_none();
    let Tls { cert_file, key_file, ca_file, skip_verify, .. } = tls.unwrap_or_default();
    Ok(EtcdConfig {
        endpoints: settings.etcd_endpoints.clone(),
        dial_timeout: DIAL,
        operation_timeout: OPERATION,
        insecure_transport,
        // Refused by the connector unless the server can be verified.
        insecure_skip_tls_verify: skip_verify && ca_file.is_none(),
        cert_file,
        key_file,
        ca_file,
        ..EtcdConfig::default()
    })
}
