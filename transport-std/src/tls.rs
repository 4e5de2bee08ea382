//! TLS over a socket, through rustls.

use core::fmt;
use core::time::Duration;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::connect::remaining;
use crate::error::{Deadline, Error};
use crate::stream::{Socket, Stream};

/// Which certificates are trusted.
#[derive(Clone, Default)]
pub enum Roots {
    /// The platform's.
    #[default]
    Platform,
    /// These certificates, each in DER.
    Der(Vec<Vec<u8>>),
    /// The certificates in this text (PEM).
    Pem(Vec<u8>),
    /// All that rustls can be told: roots, client certificates, versions.
    Config(Arc<ClientConfig>),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "Platform",
            Self::Der(_) => "Der",
            Self::Pem(_) => "Pem",
            Self::Config(_) => "Config",
        })
    }
}

impl Roots {
    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut store = RootCertStore::empty();
        match self {
            Self::Config(config) => return Ok(Arc::clone(config)),
            Self::Platform => {
                let found = rustls_native_certs::load_native_certs();
                let (added, _) = store.add_parsable_certificates(found.certs);
                if added == 0 {
                    return Err(Error::Tls(
                        "this system has no root certificates: install them (ca-certificates), or \
                         give some with Options::roots"
                            .into(),
                    ));
                }
            }
            Self::Der(certificates) => {
                for der in certificates {
                    let certificate = CertificateDer::from(der.as_slice());
                    store.add(certificate.into_owned()).map_err(unreadable)?;
                }
            }
            Self::Pem(text) => {
                for certificate in CertificateDer::pem_slice_iter(text) {
                    let certificate = certificate.map_err(unreadable)?;
                    store.add(certificate).map_err(unreadable)?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn unreadable(error: impl fmt::Display) -> Error {
    Error::Tls(format!("a given root certificate cannot be read: {error}"))
}

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
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Error::Tls(format!("{host:?} is no name that a certificate could have")))?;
    let session = ClientConnection::new(roots.config()?, name)
        .map_err(|error| Error::Tls(error.to_string()))?;
    let mut tls = Box::new(Tls { session, socket });
    while tls.session.is_handshaking() {
        let left = remaining(deadline).map_err(|_| Error::TimedOut(Deadline::Tls))?;
        tls.shake(left).map_err(|error| explain(&error))?;
    }
    Ok(Stream::Tls(tls))
}

/// What a failed handshake means.
fn explain(error: &io::Error) -> Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    Error::Tls(match tls {
        Some(rustls::Error::InvalidMessage(_)) => {
            "the server does not speak TLS: use redis:// instead of rediss://".into()
        }
        Some(rustls::Error::InvalidCertificate(reason)) => format!(
            "the server's certificate is not trusted ({reason}): check the host of the URL, or \
             give its root certificate with Options::roots"
        ),
        Some(error) => format!("TLS failed: {error}"),
        None if error.kind() == ErrorKind::UnexpectedEof => {
            "the server closed the connection during the TLS handshake: if it does not speak TLS, \
             use redis:// instead of rediss://"
                .into()
        }
        None => format!("the connection broke during the TLS handshake: {error}"),
    })
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
