//! Getting the descriptor of the segment from VPP.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix,
    SocketFlags, SocketType, connect, recvmsg, socket_with,
};

use crate::StatsError;

/// Connects, and waits for VPP's main loop to send the descriptor, which it does as soon as it looks at its sockets.
/// The connection is of no use afterwards: nothing else is ever sent.
pub(crate) fn receive(path: &Path, patience: Duration) -> Result<File, StatsError> {
    let failed = |source: io::Error| StatsError::Attach { socket: path.to_owned(), source };
    match receive_descriptor(path, patience).map_err(failed)? {
        Some(descriptor) => Ok(File::from(descriptor)),
        None => Err(StatsError::NoDescriptor { socket: path.to_owned() }),
    }
}

fn receive_descriptor(path: &Path, patience: Duration) -> io::Result<Option<OwnedFd>> {
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(patience))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;

    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut data = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    rustix::io::retry_on_intr(|| {
        recvmsg(&socket, &mut [IoSliceMut::new(&mut data)], &mut control, flags)
    })?;
    Ok(control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    }))
}
