//! Servers that follow a script over real TCP, and one that behaves as KeyDB does.
//!
//! A script says what a client is expected to send and what it gets, byte by byte, connection by connection. What differs is
//! reported by [`ScriptedServer::finish`]. Requests are read by a small parser of this module's own, so that an error of the core's
//! cannot hide itself.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use respipe_testkit::scripted::{Script, ScriptedServer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let script = Script::new().expect_command().send(b"+OK\r\n").close();
//! let server = ScriptedServer::start(script)?;
//! let mut client = TcpStream::connect(server.address())?;
//! client.write_all(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert_eq!(answer, "+OK\r\n");
//! let commands = server.finish()?;
//! assert_eq!(commands, [[b"SET".to_vec(), b"k".to_vec(), b"v".to_vec()]]);
//! # Ok(())
//! # }
//! ```

mod keydb;
mod play;
mod request;
mod script;

pub use keydb::KeyDb;
pub use play::{Mismatch, ScriptedServer};
pub use request::{Limits, Request, parse_request};
pub use script::Script;
