//! Sockets.

use std::os::unix::fs::PermissionsExt;

use ligato_nb_grpc::{GrpcConf, GrpcError, Listener};

use crate::rig::unix;

#[tokio::test]
async fn nothing_is_listened_on_without_an_endpoint() {
    assert!(Listener::bind(&GrpcConf::default()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_socket_left_behind_is_taken_over_and_one_in_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let conf = unix(&path);
    let first = Listener::bind(&conf).await.unwrap().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(matches!(Listener::bind(&conf).await, Err(GrpcError::SocketInUse { .. })));
    let forced = GrpcConf { force_socket_removal: true, ..conf.clone() };
    drop(Listener::bind(&forced).await.unwrap());
    drop(first);
    assert!(path.exists(), "nobody has removed it");
    Listener::bind(&conf).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    std::fs::write(&path, "data").unwrap();
    let conf = GrpcConf { force_socket_removal: true, ..unix(&path) };
    assert!(matches!(Listener::bind(&conf).await, Err(GrpcError::NotASocket { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
}

#[tokio::test]
async fn tcp_endpoints_are_checked() {
    let tcp = |endpoint: &str, network: &str| GrpcConf {
        endpoint: Some(endpoint.into()),
        network: network.into(),
        ..GrpcConf::default()
    };
    let listener = Listener::bind(&tcp("127.0.0.1:0", "tcp")).await.unwrap().unwrap();
    assert!(listener.tcp_address().unwrap().port() > 0);
    for (endpoint, network) in [("nonsense", "tcp"), ("127.0.0.1:0", "tcp6"), ("127.0.0.1", "tcp")]
    {
        let result = Listener::bind(&tcp(endpoint, network)).await;
        assert!(matches!(result, Err(GrpcError::Endpoint { .. })), "{endpoint} {network}");
    }
    let taken = listener.tcp_address().unwrap().to_string();
    assert!(matches!(Listener::bind(&tcp(&taken, "tcp")).await, Err(GrpcError::Listen { .. })));
}
