//! What every TCP socket gets.

use core::time::Duration;
use std::io;

use socket2::{SockRef, TcpKeepalive};

/// Switches Nagle's algorithm off, and TCP keep-alive on where it is asked for.
///
/// # Errors
/// The system refuses an option; the socket is as it was, or has one of the two.
pub fn tune<'s>(socket: impl Into<SockRef<'s>>, keep_alive: Option<Duration>) -> io::Result<()> {
    let socket = socket.into();
    socket.set_tcp_nodelay(true)?;
    if let Some(idle) = keep_alive {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
    }
    Ok(())
}
