//! The byte stream of a connection: one enum over sockets, TLS and what the caller opened.
//!
//! A stream never waits in `write`, waits in `read` for at most so long, and can wait for either
//! direction at once.

use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What a stream of the caller's own can be waited for by: a file descriptor, on Windows a socket.
#[cfg(unix)]
pub use std::os::fd::AsFd as Descriptor;
#[cfg(windows)]
pub use std::os::windows::io::AsSocket as Descriptor;

/// A byte stream that the caller opened. It is switched to non-blocking, and belongs to the
/// connection from then on.
///
/// For everything that can be read, written and waited for. Where it keeps bytes of its own, as
/// TLS does, `read` and `write` must give `WouldBlock` only when the descriptor is worth waiting
/// for.
pub trait Duplex: Read + Write + Descriptor + Send {}

impl<T: Read + Write + Descriptor + Send> Duplex for T {}

/// The byte stream of a connection.
pub(crate) enum Stream {
    Socket(Socket),
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::Tls>),
    Own(Box<dyn Duplex>),
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Socket(_) => "Socket",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "Tls",
            Self::Own(_) => "Own",
        })
    }
}

/// Which directions are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Stream {
    /// A stream that the caller opened.
    pub(crate) fn own(stream: Box<dyn Duplex>) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(descriptor(&*stream), true)?;
        Ok(Self::Own(stream))
    }

    /// Writes what can be written at once.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(bytes),
            Self::Own(stream) => stream.write(bytes),
        }
    }

    /// Writes what the stream itself holds back; whether some of it still waits for room.
    #[inline]
    pub(crate) fn write_held_back(&mut self) -> io::Result<bool> {
        match self {
            Self::Socket(_) => Ok(false),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write_held_back(),
            Self::Own(stream) => match stream.flush() {
                Ok(()) => Ok(false),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
                Err(error) => Err(error),
            },
        }
    }

    /// Reads what is there, without waiting.
    pub(crate) fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.read_now(room),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.read_now(room),
            Self::Own(stream) => stream.read(room),
        }
    }

    /// Reads; waits for the first byte for at most so long, and sometimes shorter. `WouldBlock` if
    /// nothing came.
    #[inline]
    pub(crate) fn read(
        &mut self,
        room: &mut [u8],
        patience: Option<Duration>,
    ) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.read(room, patience),
            _ => match self.read_now(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !self.wait(false, patience)?.read {
                        return Err(error);
                    }
                    self.read_now(room)
                }
                done => done,
            },
        }
    }

    /// Waits for input, or for room to write too, for at most so long.
    pub(crate) fn wait(&self, write: bool, patience: Option<Duration>) -> io::Result<Ready> {
        match self {
            Self::Socket(socket) => socket.wait(write, patience),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.socket().wait(write, patience),
            Self::Own(stream) => wait(descriptor(&**stream), write, patience),
        }
    }

    /// Ends the direction to the server.
    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Socket(socket) => socket.0.shutdown(Shutdown::Write),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.shutdown(),
            Self::Own(stream) => {
                rustix::net::shutdown(descriptor(&**stream), rustix::net::Shutdown::Write)?;
                Ok(())
            }
        }
    }
}

/// A socket of ours, TCP or Unix.
///
/// On Unix it stays in blocking mode: writes say for themselves that they must not wait, and where
/// nothing else is to be waited for, a read that waits is one system call instead of two. Where
/// that is not to be had (Windows) it is non-blocking, and `poll` waits.
pub(crate) struct Socket(pub(crate) socket2::Socket);

/// A read that waits comes back after this time at the latest, so that deadlines further away need
/// no timer of their own.
#[cfg(unix)]
const TICK: Duration = Duration::from_secs(1);

impl Socket {
    #[cfg(unix)]
    pub(crate) fn new(socket: socket2::Socket) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(TICK))?;
        Ok(Self(socket))
    }

    #[cfg(windows)]
    pub(crate) fn new(socket: socket2::Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    #[cfg(unix)]
    #[inline]
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::net::SendFlags;
        // Where there is no flag against SIGPIPE there is a socket option, which std and socket2
        // have set.
        #[cfg(not(target_vendor = "apple"))]
        const FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
        #[cfg(target_vendor = "apple")]
        const FLAGS: SendFlags = SendFlags::DONTWAIT;
        Ok(rustix::net::send(&self.0, bytes, FLAGS)?)
    }

    #[cfg(windows)]
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    #[cfg(unix)]
    #[inline]
    pub(crate) fn read_now(&self, room: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(&self.0, room, rustix::net::RecvFlags::DONTWAIT)?.0)
    }

    #[cfg(windows)]
    pub(crate) fn read_now(&self, room: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(room)
    }

    #[cfg(unix)]
    #[inline]
    fn read(&self, room: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
        match patience {
            Some(patience) if patience < TICK => {
                if !self.wait(false, Some(patience))?.read {
                    return Err(ErrorKind::WouldBlock.into());
                }
                self.read_now(room)
            }
            _ => Ok(rustix::net::recv(&self.0, room, rustix::net::RecvFlags::empty())?.0),
        }
    }

    #[cfg(windows)]
    fn read(&self, room: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
        if !self.wait(false, patience)?.read {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.read_now(room)
    }
}

impl Socket {
    /// Waits for input, or for room to write too, for at most so long.
    pub(crate) fn wait(&self, write: bool, patience: Option<Duration>) -> io::Result<Ready> {
        wait(&self.0, write, patience)
    }
}

/// The other side of `cfg`: a trait object's descriptor by its name on this system.
#[cfg(unix)]
fn descriptor(stream: &dyn Duplex) -> std::os::fd::BorrowedFd<'_> {
    stream.as_fd()
}

#[cfg(windows)]
fn descriptor(stream: &dyn Duplex) -> std::os::windows::io::BorrowedSocket<'_> {
    stream.as_socket()
}

fn wait(
    socket: impl rustix::fd::AsFd,
    write: bool,
    patience: Option<Duration>,
) -> io::Result<Ready> {
    let interest = match write {
        true => PollFlags::IN | PollFlags::OUT,
        false => PollFlags::IN,
    };
    // A time that does not fit is as good as for ever.
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    let mut fds = [PollFd::new(&socket, interest)];
    poll(&mut fds, patience.as_ref())?;
    let ready = fds[0].revents();
    // Errors and hang-ups show in the read or write that follows.
    let broken = ready.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
    Ok(Ready {
        read: broken || ready.contains(PollFlags::IN),
        write: broken || ready.contains(PollFlags::OUT),
    })
}
