//! Which server serves the run.

use core::net::SocketAddr;
use std::io;

use respipe_testkit::process::ServerProcess;
use respipe_testkit::proxy;
use respipe_testkit::server::ServerInProcess;

use crate::Result;
use crate::client::Client;
use crate::result::{Link, ROUND_TRIP_MS};
use crate::samples::Samples;
use crate::way::Way;

/// The server of a run, and what keeps it alive.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    /// Where the proxy finds it; `None` for what it cannot speak, a Unix socket or TLS.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) has_scripts: bool,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// The caller's, by `--url`.
    Named,
    /// Started for this run; ends when this is dropped.
    Started { _process: Box<ServerProcess> },
    /// This process itself, where there is nothing else.
    InProcess { _server: ServerInProcess },
}

impl Server {
    /// The server at this URL; without one, what this machine has.
    pub(crate) fn choose(url: Option<&str>) -> Result<Self> {
        match url {
            Some(url) => Self::named(url),
            None => Self::started(),
        }
    }

    fn named(url: &str) -> Result<Self> {
        let mut client = Client::connect(url, 1)?;
        let address = match proxy::upstream(url) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => None,
            address => Some(address?),
        };
        let (name, version) = client.identity()?;
        let has_scripts = client.knows_scripts()?;
        Ok(Self {
            url: url.to_owned(),
            address,
            name,
            version,
            has_scripts,
            origin: Origin::Named,
        })
    }

    fn started() -> Result<Self> {
        let process = match ServerProcess::any() {
            Ok(process) => process,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::in_process(),
            Err(error) => return Err(format!("{error}\nName a server with --url instead.").into()),
        };
        Ok(Self {
            url: process.url(),
            address: Some(process.address()),
            name: process.name().to_owned(),
            version: process.version().to_owned(),
            has_scripts: true,
            origin: Origin::Started {
                _process: Box::new(process),
            },
        })
    }

    fn in_process() -> Result<Self> {
        let server = ServerInProcess::start()?;
        Ok(Self {
            url: server.url(),
            address: Some(server.address()),
            name: "in-process server".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            has_scripts: false,
            origin: Origin::InProcess { _server: server },
        })
    }

    /// Whether it can do this. Transactions are compared on a real server only.
    pub(crate) fn can(&self, way: Way) -> bool {
        match way {
            Way::Script => self.has_scripts,
            Way::Transaction => self.is_real(),
            _ => true,
        }
    }

    fn is_real(&self) -> bool {
        !matches!(self.origin, Origin::InProcess { .. })
    }

    /// Name and version, where it has one that says something.
    pub(crate) fn title(&self) -> String {
        if self.is_real() {
            format!("{} {}", self.name, self.version)
        } else {
            self.name.clone()
        }
    }

    /// How it came to be, for machines.
    pub(crate) fn kind(&self) -> &'static str {
        match self.origin {
            Origin::Named => "url",
            Origin::Started { .. } => "started",
            Origin::InProcess { .. } => "in_process",
        }
    }

    /// How it came to be, for people.
    pub(crate) fn describe(&self) -> String {
        let name = console::style(self.title()).bold();
        let place = self
            .address
            .map_or_else(|| "a Unix socket".to_owned(), |address| address.to_string());
        match self.origin {
            Origin::Named => format!("  {name} on {place}"),
            Origin::Started { .. } => {
                format!("  {name}, started for this run on {place}, nothing persisted")
            }
            Origin::InProcess { .. } => format!(
                "  {name} on {place}: neither redis-server nor valkey-server is on the PATH,\n  so the demo \
                serves itself. For the figures of a real Redis install one, or name one by --url."
            ),
        }
    }

    /// What the way to it is called.
    pub(crate) fn link_name(&self, link: Link) -> String {
        match (link, self.address) {
            (Link::Long, _) => format!("{ROUND_TRIP_MS} ms round trip"),
            (Link::Direct, Some(address)) if address.ip().is_loopback() => "loopback".to_owned(),
            (Link::Direct, Some(_)) => "direct".to_owned(),
            (Link::Direct, None) => "Unix socket".to_owned(),
        }
    }

    /// Takes what the run stored out of a server that is not the run's own.
    pub(crate) fn tidy_up(&self, samples: &Samples) -> Result {
        match self.origin {
            Origin::Named => Client::connect(&self.url, 1)?.delete(samples.keys()),
            Origin::Started { .. } | Origin::InProcess { .. } => Ok(()),
        }
    }
}
