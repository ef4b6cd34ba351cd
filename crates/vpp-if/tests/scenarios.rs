//! Stories of the kinds of this crate, found by folder; see `ligato_testkit::kind`.

use std::path::Path;

use ligato_testkit::kind::{Kinds, run};

#[tokio::test]
async fn scenarios() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let kinds =
        Kinds { watchers: ligato_vpp_if::watchers, descriptors: ligato_vpp_if::descriptors };
    assert!(run(&folder, &ligato_proto::registry(), kinds).await? > 0);
    Ok(())
}
