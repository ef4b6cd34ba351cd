//! A socket between the client and VPP that can hold back what VPP says.
//!
//! What is handed over afterwards comes as fast as the client takes it: that is how the client is measured alone.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How often the flag is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A listening socket in front of VPP's, for one client.
pub(crate) struct Proxy {
    socket: PathBuf,
    hold: Arc<AtomicBool>,
    held: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens in `folder`; hands over what comes until told otherwise.
    pub(crate) fn start(folder: &Path, vpp: &Path) -> Self {
        let socket = folder.join("proxy.sock");
        let _old = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let vpp = vpp.to_owned();
        let (hold, held) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { socket, hold: Arc::clone(&hold), held: Arc::clone(&held) };
        thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let vpp = UnixStream::connect(vpp).unwrap();
            let (to_vpp, from_client) = (vpp.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || forward(from_client, to_vpp));
            answers(vpp, client, &hold, &held);
        });
        proxy
    }

    /// Where the client has to connect.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Keeps what VPP says from now on.
    pub(crate) fn hold(&self) {
        self.hold.store(true, Ordering::SeqCst);
        thread::sleep(2 * LOOK);
    }

    /// Waits until nothing has come from VPP for a while.
    pub(crate) fn until_silent(&self) {
        let mut before = 0;
        loop {
            thread::sleep(50 * LOOK);
            let held = self.held.load(Ordering::SeqCst);
            if held > 0 && held == before {
                return;
            }
            before = held;
        }
    }

    /// Hands over what was kept.
    pub(crate) fn release(&self) {
        self.hold.store(false, Ordering::SeqCst);
    }
}

fn forward(mut from: UnixStream, mut to: UnixStream) {
    let mut chunk = vec![0; 256 << 10];
    while let Ok(n @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..n]).is_err() {
            return;
        }
    }
}

fn answers(mut vpp: UnixStream, mut client: UnixStream, hold: &AtomicBool, held: &AtomicUsize) {
    vpp.set_read_timeout(Some(LOOK)).unwrap();
    let mut chunk = vec![0; 256 << 10];
    let mut kept = Vec::new();
    loop {
        let n = match vpp.read(&mut chunk) {
            Ok(0) => return,
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            Err(_) => return,
        };
        kept.extend_from_slice(&chunk[..n]);
        if hold.load(Ordering::SeqCst) {
            held.store(kept.len(), Ordering::SeqCst);
        } else if !kept.is_empty() {
            if client.write_all(&kept).is_err() {
                return;
            }
            kept.clear();
            held.store(0, Ordering::SeqCst);
        }
    }
}
