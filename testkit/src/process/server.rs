//! A running server and the handle of its process.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

#[cfg(feature = "tls")]
use super::Certificates;
use super::launch::Place;
use super::probe::{self, Identity};
use super::{Binary, Launch};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often another port is tried when someone else was quicker.
const PORTS_TRIED: usize = 5;

/// A real server that runs until this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    launch: Launch,
    /// `None` once it has been waited for: its process id may then be another's.
    child: Option<Child>,
    port: u16,
    unix_socket: Option<PathBuf>,
    #[cfg(feature = "tls")]
    tls: Option<(u16, Certificates)>,
    identity: Identity,
    /// Last, so that it is removed after the process has ended.
    directory: TempDir,
}

impl ServerProcess {
    /// Starts the first server of [`servers`](super::servers) as it is.
    ///
    /// # Errors
    /// As [`Launch::start`]; `NotFound` when this machine has no server.
    pub fn any() -> io::Result<Self> {
        let missing = || {
            io::Error::new(
                io::ErrorKind::NotFound,
                "neither redis-server nor valkey-server is on the PATH",
            )
        };
        let binary = super::servers().into_iter().next().ok_or_else(missing)?;
        Launch::new(&binary).start()
    }

    pub(super) fn start(launch: Launch) -> io::Result<Self> {
        let mut tried = 1;
        loop {
            match Self::start_on(launch.clone(), free_port()?) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < PORTS_TRIED => {
                    tried += 1;
                }
                result => return result,
            }
        }
    }

    fn start_on(launch: Launch, port: u16) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("respipe-").tempdir()?;
        let unix_socket = launch
            .wants_unix_socket()
            .then(|| directory.path().join("socket"));
        #[cfg(feature = "tls")]
        let tls = match launch.wants_tls() {
            true => Some((free_port()?, Certificates::make_in(directory.path())?)),
            false => None,
        };
        let place = Place {
            directory: directory.path(),
            port,
            unix_socket: unix_socket.as_deref(),
            #[cfg(feature = "tls")]
            tls: tls
                .as_ref()
                .map(|(port, certificates)| (*port, certificates)),
        };
        let (child, identity) = spawn(&launch, &place)?;
        Ok(Self {
            launch,
            child: Some(child),
            port,
            unix_socket,
            #[cfg(feature = "tls")]
            tls,
            identity,
            directory,
        })
    }

    /// Stops the process where it stands (SIGSTOP): TCP stays up, nothing is answered.
    ///
    /// # Errors
    /// When the server has been killed.
    #[cfg(unix)]
    pub fn pause(&self) -> io::Result<()> {
        self.signal(rustix::process::Signal::STOP)
    }

    /// Lets a paused process go on (SIGCONT).
    ///
    /// # Errors
    /// When the server has been killed.
    #[cfg(unix)]
    pub fn resume(&self) -> io::Result<()> {
        self.signal(rustix::process::Signal::CONT)
    }

    /// Ends the process at once (SIGKILL) and waits until it is gone. Its ports are free afterwards.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        child.kill()?;
        child.wait().map(drop)
    }

    /// Ends the process if it still runs and starts it again on the same ports, with what it persisted: by default nothing.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill()?;
        let place = Place {
            directory: self.directory.path(),
            port: self.port,
            unix_socket: self.unix_socket.as_deref(),
            #[cfg(feature = "tls")]
            tls: self
                .tls
                .as_ref()
                .map(|(port, certificates)| (*port, certificates)),
        };
        let (child, identity) = spawn(&self.launch, &place)?;
        self.child = Some(child);
        self.identity = identity;
        Ok(())
    }

    /// What it calls itself: `Redis`, `Valkey` or `KeyDB`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// The version it reports, such as `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.identity.version
    }

    /// The binary it was started from.
    #[must_use]
    pub fn binary(&self) -> &Binary {
        self.launch.binary()
    }

    /// The process id of the server, unless it has been killed.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The TCP address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The URL of the TCP port, with the default user's password if it has one.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}127.0.0.1:{}", self.login(), self.port)
    }

    /// The path of the Unix socket, if it was asked for.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.unix_socket.as_deref()
    }

    /// The URL of the TLS port, if it was asked for.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        let (port, _) = self.tls.as_ref()?;
        Some(format!("rediss://{}127.0.0.1:{port}", self.login()))
    }

    /// The certificates of the TLS port, if it was asked for.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificates(&self) -> Option<&Certificates> {
        self.tls.as_ref().map(|(_, certificates)| certificates)
    }

    fn login(&self) -> String {
        self.launch
            .default_password()
            .map(|password| format!(":{password}@"))
            .unwrap_or_default()
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> io::Result<()> {
        let child = self
            .child
            .as_ref()
            .ok_or_else(|| io::Error::other("the server has been killed"))?;
        let id = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(id, signal).map_err(io::Error::from)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Ends a stopped process too. Its own handle, so that nobody else's server can be meant.
        let _ = self.kill();
    }
}

/// A port that is free at this moment. Another program may be quicker, so the caller tries again.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Starts the process and waits until it, and nobody else, answers on its port.
fn spawn(launch: &Launch, place: &Place<'_>) -> io::Result<(Child, Identity)> {
    let binary = launch.binary().path();
    let output = File::create(place.directory.join("output"))?;
    let mut child = Command::new(binary)
        .arg("-")
        .current_dir(place.directory)
        .stdin(Stdio::piped())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{} cannot be started: {error}", binary.display()),
            )
        })?;
    match configure_and_wait(&mut child, launch, place) {
        Ok(identity) => Ok((child, identity)),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

fn configure_and_wait(
    child: &mut Child,
    launch: &Launch,
    place: &Place<'_>,
) -> io::Result<Identity> {
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(launch.configuration(place).as_bytes())?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let problem = match probe::identify(place.port, launch.probe_login()) {
            Ok(identity) if identity.process_id.is_none_or(|id| id == child.id()) => {
                return Ok(identity);
            }
            Ok(_) => "another server answers on its port".to_owned(),
            Err(error) => error.to_string(),
        };
        let ended = child.try_wait()?;
        if ended.is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
            continue;
        }
        let log = last_words(place.directory);
        let kind = if log.contains("Address already in use") {
            io::ErrorKind::AddrInUse
        } else if built_without_tls(&log) {
            io::ErrorKind::Unsupported
        } else {
            io::ErrorKind::Other
        };
        let what = match ended {
            Some(status) => format!("ended at its start ({status})"),
            None => format!("did not answer in time ({problem})"),
        };
        return Err(io::Error::new(
            kind,
            format!(
                "{} {what}; its log ends with:\n{log}",
                launch.binary().path().display()
            ),
        ));
    }
}

/// Whether a server ended because TLS was asked of it and left out when it was compiled: Redis 6.2 does not know the directive
/// then, Redis 8 and Valkey miss the connection type.
fn built_without_tls(log: &str) -> bool {
    let unknown_directive = log.contains("'tls-port") && log.contains("Bad directive");
    unknown_directive || log.contains("Failed finding TLS support")
}

/// The last lines that the server wrote.
fn last_words(directory: &Path) -> String {
    let mut text = fs::read_to_string(directory.join("output")).unwrap_or_default();
    text.push_str(&fs::read_to_string(directory.join("log")).unwrap_or_default());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
