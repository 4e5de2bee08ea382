//! TLS over a socket, through rustls.

use core::time::Duration;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::time::Instant;

use respipe_host::tls::{explain, server_name};
use respipe_host::{Deadline, Error, Roots};
use rustls::ClientConnection;

use crate::connect::remaining;
use crate::stream::{Socket, Stream};

/// A TLS connection over a socket.
pub(crate) struct Tls {
    session: ClientConnection,
    socket: Socket,
}

/// Shakes hands with the server, before `deadline`.
pub(crate) fn begin(
    socket: Socket,
    host: &str,
    roots: &Roots,
    deadline: Option<Instant>,
) -> Result<Stream, Error> {
    let session = ClientConnection::new(roots.config()?, server_name(host)?)
        .map_err(|error| Error::Tls(error.to_string()))?;
    let mut tls = Box::new(Tls { session, socket });
    while tls.session.is_handshaking() {
        let left = remaining(deadline).map_err(|_| Error::TimedOut(Deadline::Tls))?;
        tls.shake(left).map_err(|error| explain(&error))?;
    }
    Ok(Stream::Tls(tls))
}

impl Tls {
    pub(crate) const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// One step of the handshake.
    fn shake(&mut self, patience: Option<Duration>) -> io::Result<()> {
        let blocked = self.write_held_back()?;
        if !self.session.is_handshaking() {
            return Ok(());
        }
        if self.socket.wait(blocked, patience)?.read {
            match self.receive() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    // The alert tells the server why.
                    let _ = self.write_held_back();
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes what the socket has; how many bytes.
    fn receive(&mut self) -> io::Result<usize> {
        let n = self.session.read_tls(&mut Now(&self.socket))?;
        self.session
            .process_new_packets()
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        Ok(n)
    }

    /// Encrypts and writes what can be written at once. What was encrypted counts as gone.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.write_held_back()? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let n = self.session.writer().write(bytes)?;
        self.write_held_back()?;
        Ok(n)
    }

    /// Writes what is encrypted; whether some of it still waits for room.
    pub(crate) fn write_held_back(&mut self) -> io::Result<bool> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Now(&self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Reads what was decrypted, and as much more as the socket has.
    pub(crate) fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // A server that closes without close_notify is as closed as any.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if self.receive()? == 0 {
                // The reader knows of the end only now.
                match self.session.reader().read(room) {
                    Ok(n) => return Ok(n),
                    Err(_) => return Ok(0),
                }
            }
        }
    }

    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        self.session.send_close_notify();
        self.write_held_back()?;
        self.socket.0.shutdown(Shutdown::Write)
    }
}

/// The socket for rustls: never waits.
struct Now<'s>(&'s Socket);

impl io::Read for Now<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(room)
    }
}

impl io::Write for Now<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
