//! Certificates made for one run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A root and a server certificate for `localhost` and `127.0.0.1`, as PEM files in a directory of the caller's.
#[derive(Clone, Debug)]
pub struct Certificates {
    root: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    /// Makes fresh certificates and writes them into this directory.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn make_in(directory: &Path) -> io::Result<Self> {
        let (root, certificate, key) = pem().map_err(io::Error::other)?;
        let made = Self {
            root: directory.join("root.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server.key"),
        };
        fs::write(&made.root, root)?;
        fs::write(&made.certificate, certificate)?;
        fs::write(&made.key, key)?;
        Ok(made)
    }

    /// The root that a client is to trust.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The server's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The server's private key.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }
}

/// Root, certificate and key, each as PEM.
fn pem() -> Result<(String, String, String), rcgen::Error> {
    let mut root_params = CertificateParams::new(Vec::new())?;
    root_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_key = KeyPair::generate()?;
    let root = root_params.self_signed(&root_key)?;
    let issuer = Issuer::new(root_params, root_key);
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok((root.pem(), certificate.pem(), key.serialize_pem()))
}
