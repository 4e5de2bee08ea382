//! TLS: which certificates are trusted, and what a failed handshake means. The bytes are moved by
//! the transports.

use core::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};

use crate::Error;

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
    /// The configuration of a TLS client that trusts these.
    ///
    /// # Errors
    /// [`Error::Tls`]: a certificate cannot be read, or there is none.
    pub fn config(&self) -> Result<Arc<ClientConfig>, Error> {
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

/// The name that the server's certificate must have.
///
/// # Errors
/// [`Error::Tls`]: no certificate could have this host.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| Error::Tls(format!("{host:?} is no name that a certificate could have")))
}

/// What a failed handshake means.
#[must_use]
pub fn explain(error: &io::Error) -> Error {
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
