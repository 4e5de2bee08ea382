//! One connection: read, run what is whole, write once.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use respipe_core::Framer;

use super::Shared;
use super::channels::Outlet;
use super::replies::Replies;
use super::request;
use super::session::Session;

/// How long a read lasts before the server looks whether it is to stop.
const TURN: Duration = Duration::from_millis(20);
/// How long a client may leave its replies unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes read at once.
const READ: usize = 64 * 1024;
/// The longest request, in bytes.
const REQUEST: usize = 64 * 1024 * 1024;
/// Replies are written when the input is used up, or when they are more bytes than this.
const REPLIES: usize = 1024 * 1024;

/// One connection and its state; commands are in `command.rs`.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) session: Session,
    pub(super) replies: Replies,
}

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Command,
    Close,
}

/// Tells a client that there is no room for it.
pub(super) fn refuse(mut stream: &TcpStream) {
    let _ = stream.write_all(b"-ERR max number of clients reached\r\n");
    let _ = stream.shutdown(Shutdown::Write);
}

/// Serves one connection until either side ends it.
pub(super) fn serve(mut stream: TcpStream, id: u64, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TURN))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut connection = Connection {
        shared: Arc::clone(shared),
        outlet: Arc::new(Outlet::new(id, stream.try_clone()?)),
        session: Session::new(shared.password.is_none()),
        replies: Replies::default(),
    };
    let served = connection.serve(&mut stream);
    connection.unsubscribe_all();
    let _ = stream.shutdown(Shutdown::Write);
    // Closing with bytes unread would be a reset, and take the last reply with it.
    drain(&mut stream, shared);
    served
}

impl Connection {
    fn serve(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let mut framer = Framer::new();
        let mut input = Vec::new();
        while let Some(n) = read(stream, &mut input, &self.shared)? {
            if n == 0 {
                return Ok(());
            }
            let mut at = 0;
            loop {
                match request::next(&mut framer, &input[at..]) {
                    Ok(None) => break,
                    Ok(Some(request)) => {
                        at += request.len;
                        if !request.arguments.is_empty()
                            && self.command(&request.arguments) == Next::Close
                        {
                            return self.flush();
                        }
                        if self.replies.as_bytes().len() > REPLIES {
                            self.flush()?;
                        }
                    }
                    Err(error) => {
                        self.replies.error(&format!("ERR Protocol error: {error}"));
                        return self.flush();
                    }
                }
            }
            input.drain(..at);
            if input.len() > REQUEST {
                self.replies
                    .error("ERR Protocol error: invalid bulk length");
                return self.flush();
            }
            self.flush()?;
        }
        Ok(())
    }

    /// Runs one command, or queues it, and answers as CLIENT REPLY has it.
    fn command(&mut self, arguments: &[&[u8]]) -> Next {
        self.replies.muted = !self.session.begin_command();
        let next = self.dispatch(arguments);
        self.session.end_command();
        self.replies.muted = false;
        self.outlet
            .resp3
            .store(self.replies.resp3, Ordering::Release);
        next
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = match self.replies.as_bytes() {
            [] => Ok(()),
            bytes => self.outlet.write(bytes),
        };
        self.replies.clear();
        written
    }
}

/// Reads what is there; `None` when the server is to stop.
fn read(stream: &mut TcpStream, input: &mut Vec<u8>, shared: &Shared) -> io::Result<Option<usize>> {
    let len = input.len();
    while !shared.stopped() {
        input.resize(len + READ, 0);
        let read = stream.read(&mut input[len..]);
        input.truncate(len + read.as_ref().map_or(0, |n| *n));
        match read {
            Ok(n) => return Ok(Some(n)),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Swallows what the client still sends until it closes too.
fn drain(stream: &mut TcpStream, shared: &Shared) {
    let mut swallowed = Vec::new();
    while let Ok(Some(1..)) = read(stream, &mut swallowed, shared) {
        swallowed.clear();
    }
}
