//! How a server is to be started.

use core::fmt::Write;
use std::io;
use std::path::Path;

use super::{Binary, ServerProcess};

/// The user by which the testkit itself looks at a server that has ACL users.
pub(super) const PROBE_USER: &str = "respipe-testkit";
pub(super) const PROBE_PASSWORD: &str = "respipe-testkit-probe";

/// How a server is to be started: a plain one on a free loopback port, unless told more.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: Binary,
    password: Option<String>,
    acl_users: Vec<(String, String)>,
    unix_socket: bool,
    #[cfg(feature = "tls")]
    tls: bool,
    lines: Vec<String>,
}

/// What only the start itself knows.
pub(super) struct Place<'a> {
    pub(super) directory: &'a Path,
    pub(super) port: u16,
    pub(super) unix_socket: Option<&'a Path>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<(u16, &'a super::Certificates)>,
}

impl Launch {
    /// A plain server: no password, TCP only, nothing persisted.
    #[must_use]
    pub fn new(binary: &Binary) -> Self {
        Self {
            binary: binary.clone(),
            password: None,
            acl_users: Vec::new(),
            unix_socket: false,
            #[cfg(feature = "tls")]
            tls: false,
            lines: Vec::new(),
        }
    }

    /// Asks the default user for this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Adds an ACL user by its rules, such as `on >secret ~* &* +@all`.
    #[must_use]
    pub fn acl_user(mut self, name: impl Into<String>, rules: impl Into<String>) -> Self {
        self.acl_users.push((name.into(), rules.into()));
        self
    }

    /// Listens on a Unix socket too.
    #[must_use]
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Listens for TLS on a second port too, with certificates made for this run.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds one line of configuration, such as `maxclients 1`. It stands last, so it wins.
    #[must_use]
    pub fn config(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// When it cannot be started or does not answer within ten seconds; the error holds the end of its log. Nothing is left
    /// running. [`Unsupported`](io::ErrorKind::Unsupported) when TLS was asked of a server that was built without it.
    pub fn start(self) -> io::Result<ServerProcess> {
        ServerProcess::start(self)
    }

    pub(super) fn binary(&self) -> &Binary {
        &self.binary
    }

    pub(super) fn wants_unix_socket(&self) -> bool {
        self.unix_socket
    }

    #[cfg(feature = "tls")]
    pub(super) fn wants_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn default_password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// By whom the testkit looks at the server, where it has to say so.
    pub(super) fn probe_login(&self) -> Option<(&str, &str)> {
        if self.acl_users.is_empty() {
            self.password
                .as_deref()
                .map(|password| ("default", password))
        } else {
            // An ACL may switch the default user off.
            Some((PROBE_USER, PROBE_PASSWORD))
        }
    }

    /// The whole configuration. It goes to the server's standard input, so that no password shows in a list of processes.
    pub(super) fn configuration(&self, place: &Place<'_>) -> String {
        let mut text = String::new();
        let mut line = |args: core::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{args}");
        };
        line(format_args!("bind 127.0.0.1"));
        line(format_args!("port {}", place.port));
        line(format_args!("dir \"{}\"", place.directory.display()));
        line(format_args!(
            "logfile \"{}\"",
            place.directory.join("log").display()
        ));
        line(format_args!("daemonize no"));
        line(format_args!("save \"\""));
        line(format_args!("appendonly no"));
        if let Some(path) = place.unix_socket {
            line(format_args!("unixsocket \"{}\"", path.display()));
            line(format_args!("unixsocketperm 700"));
        }
        #[cfg(feature = "tls")]
        if let Some((port, certificates)) = place.tls {
            line(format_args!("tls-port {port}"));
            line(format_args!(
                "tls-cert-file \"{}\"",
                certificates.certificate().display()
            ));
            line(format_args!(
                "tls-key-file \"{}\"",
                certificates.key().display()
            ));
            line(format_args!(
                "tls-ca-cert-file \"{}\"",
                certificates.root().display()
            ));
            line(format_args!("tls-auth-clients no"));
        }
        if let Some(password) = &self.password {
            line(format_args!("requirepass \"{password}\""));
        }
        if !self.acl_users.is_empty() {
            line(format_args!(
                "user {PROBE_USER} on >{PROBE_PASSWORD} ~* &* +@all"
            ));
        }
        for (name, rules) in &self.acl_users {
            line(format_args!("user {name} {rules}"));
        }
        for more in &self.lines {
            line(format_args!("{more}"));
        }
        text
    }
}
