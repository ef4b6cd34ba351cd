//! Throw-away namespaces, and what is in them as `ip` sees it.

use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;

use ligato_netlink::{Namespace, Netlink, create_anonymous};
use serde_json::Value;

/// A namespace of the test's own, or nothing (said aloud) when the test may not create any.
pub(crate) async fn namespace() -> Option<Netlink> {
    let namespace = match create_anonymous().await {
        Ok(namespace) => namespace,
        Err(e) => {
            println!("skipped: {e}");
            return None;
        }
    };
    Some(Netlink::open(&namespace).await.unwrap())
}

/// What `ip -j -d ARGS` prints inside the namespace.
pub(crate) fn ip(namespace: &Namespace, args: &str) -> Value {
    let target = format!("--net=/proc/{}/fd/{}", std::process::id(), namespace.as_fd().as_raw_fd());
    let out = Command::new("nsenter")
        .arg(target)
        .args(["ip", "-j", "-d"])
        .args(args.split_whitespace())
        .output()
        .unwrap();
    assert!(out.status.success(), "ip {args}: {}", String::from_utf8_lossy(&out.stderr));
    if out.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&out.stdout).unwrap() }
}
