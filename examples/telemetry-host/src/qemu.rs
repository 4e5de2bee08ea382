//! QEMU: boots a firmware on an emulated machine, decodes its log, and does things to the machine.

use core::time::Duration;
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use defmt_decoder::Table;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Result;

const PROGRAM: &str = "qemu-system-arm";
/// The network card, for `set_link`.
const NETWORK: &str = "n0";
/// How long QEMU may take to open its control socket.
const PATIENCE: Duration = Duration::from_secs(10);

/// An emulated machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Lm3s6965evb,
    Mps2An385,
}

impl Machine {
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "lm3s6965evb" => Ok(Self::Lm3s6965evb),
            "mps2-an385" => Ok(Self::Mps2An385),
            _ => Err(format!("no machine is named {name}").into()),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lm3s6965evb => "lm3s6965evb",
            Self::Mps2An385 => "mps2-an385",
        }
    }

    const fn card(self) -> &'static str {
        match self {
            Self::Lm3s6965evb => "stellaris",
            Self::Mps2An385 => "lan9118",
        }
    }
}

/// What to boot, and how.
#[derive(Clone, Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) machine: Machine,
    pub(crate) elf: &'a Path,
    /// `name=number` words for the firmware.
    pub(crate) arguments: Vec<(&'static str, u64)>,
    /// One instruction is one nanosecond of the machine's time, exactly.
    pub(crate) counts_instructions: bool,
}

/// A running machine. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Qemu {
    child: Child,
    lines: Receiver<String>,
    directory: TempDir,
}

/// What the machine did next.
#[derive(Debug)]
pub(crate) enum Next {
    /// It logged a line.
    Line(String),
    /// It ended with this exit code.
    Ended(i32),
    /// Nothing, for as long as was waited.
    Nothing,
}

impl Qemu {
    /// Boots it; the control is apart, for what is done to the machine while its log is read.
    pub(crate) fn boot(boot: &Boot<'_>) -> Result<(Self, Control)> {
        let directory = tempfile::Builder::new().prefix("firmware-").tempdir()?;
        let socket = directory.path().join("control");
        let mut command = Command::new(PROGRAM);
        command
            .args(["-M", boot.machine.name(), "-nographic", "-monitor", "none"])
            .args(["-serial", "none"])
            .arg("-nic")
            .arg(format!("user,model={},id={NETWORK}", boot.machine.card()))
            .arg("-object")
            .arg(format!(
                "filter-dump,id=dump,netdev={NETWORK},file={}",
                capture(directory.path()).display()
            ))
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .arg("-semihosting-config")
            .arg(semihosting(&boot.arguments))
            .arg("-kernel")
            .arg(boot.elf)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(directory.path().join("stderr"))?);
        if boot.counts_instructions {
            command.args(["-icount", "shift=0"]);
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                format!("there is no {PROGRAM}: install the package `qemu-system-arm`")
            }
            _ => format!("{PROGRAM}: {error}"),
        })?;
        let output = child.stdout.take().ok_or("standard output is a pipe")?;
        let lines = decode(fs::read(boot.elf)?, output)?;
        let control = match Control::connect(&socket, &mut child) {
            Ok(control) => control,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let said = fs::read_to_string(directory.path().join("stderr"))?;
                return Err(format!("{PROGRAM} does not start: {error}\n{said}").into());
            }
        };
        let qemu = Self {
            child,
            lines,
            directory,
        };
        Ok((qemu, control))
    }

    /// Waits for the next line of the log, at most so long.
    pub(crate) fn next(&mut self, patience: Duration) -> Result<Next> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Ok(Next::Line(line)),
            Err(RecvTimeoutError::Timeout) => Ok(Next::Nothing),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                Ok(Next::Ended(status.code().unwrap_or(-1)))
            }
        }
    }

    /// Where every frame that passes the network card is written.
    pub(crate) fn capture(&self) -> PathBuf {
        capture(self.directory.path())
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// QEMU's control socket (QMP): a line of JSON each way.
#[derive(Debug)]
pub(crate) struct Control(UnixStream);

impl Control {
    fn connect(socket: &Path, child: &mut Child) -> Result<Self> {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) if child.try_wait()?.is_some() => return Err("it ended at once".into()),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut control = Self(stream);
        control.run("qmp_capabilities", &json!({}))?;
        Ok(control)
    }

    /// Pulls the network's plug, or puts it back.
    pub(crate) fn set_link(&mut self, up: bool) -> Result {
        self.run("set_link", &json!({"name": NETWORK, "up": up}))
    }

    /// Presses the reset button: RAM stays, all else starts again.
    pub(crate) fn reset(&mut self) -> Result {
        self.run("system_reset", &json!({}))
    }

    fn run(&mut self, command: &str, arguments: &Value) -> Result {
        let request = json!({"execute": command, "arguments": arguments});
        writeln!(self.0, "{request}")?;
        // Byte by byte, so that nothing behind the answer stays in a buffer that is dropped.
        let mut lines = BufReader::with_capacity(1, &self.0).lines();
        loop {
            let line = lines.next().ok_or("QEMU closed its control socket")??;
            let answer: Value = serde_json::from_str(&line)?;
            // Greetings and events come in between.
            if answer.get("return").is_some() {
                return Ok(());
            }
            if let Some(error) = answer.get("error") {
                return Err(format!("QEMU refuses {command}: {error}").into());
            }
        }
    }
}

fn capture(directory: &Path) -> PathBuf {
    directory.join("capture.pcap")
}

fn semihosting(arguments: &[(&str, u64)]) -> String {
    let words = arguments
        .iter()
        .map(|(name, number)| format!(",arg={name}={number}"));
    "enable=on,target=native,arg=firmware".to_owned() + &words.collect::<String>()
}

/// Reads defmt's frames and hands on a line of text for each. The ELF file has the texts.
fn decode(elf: Vec<u8>, mut output: ChildStdout) -> Result<Receiver<String>> {
    let table = Table::parse(&elf)?.ok_or("the firmware has no defmt logs")?;
    let (sender, lines) = mpsc::channel();
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            let mut decoder = table.new_stream_decoder();
            let mut bytes = [0; 4_096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                decoder.received(&bytes[..n]);
                loop {
                    match decoder.decode() {
                        Ok(frame) => {
                            let time = frame.display_timestamp().map(|time| time.to_string());
                            let level = frame.level().map_or("", |level| level.as_str());
                            let line = format!(
                                "{:>9} {level:<5} {}",
                                time.unwrap_or_default(),
                                frame.display_message()
                            );
                            if sender.send(line).is_err() {
                                return;
                            }
                        }
                        // A reset may have cut a frame short; the next one is whole again.
                        Err(defmt_decoder::DecodeError::Malformed) => {}
                        Err(defmt_decoder::DecodeError::UnexpectedEof) => break,
                    }
                }
            }
        })?;
    Ok(lines)
}
