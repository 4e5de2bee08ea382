//! Real servers, and a look into them that does not go through the code under test.

use core::net::SocketAddr;
use std::io::{Read, Write};
use std::net::TcpStream;

use respipe_core::reply::{FromReply, OwnedReply};
use respipe_core::{Framer, Reply};
use respipe_testkit::process::{Launch, ServerProcess, servers};
use respipe_testkit::skip;

/// The first server that this machine has; says so where it has none.
pub(crate) fn server(prepare: impl FnOnce(Launch) -> Launch) -> Option<ServerProcess> {
    let Some(binary) = servers().into_iter().next() else {
        skip("no redis-server");
        return None;
    };
    Some(prepare(Launch::new(&binary)).start().unwrap())
}

/// Runs this with every server that this machine has.
pub(crate) fn on_every_server(check: impl Fn(&ServerProcess)) {
    let all = servers();
    if all.is_empty() {
        skip("no redis-server");
    }
    for binary in all {
        let server = Launch::new(&binary).start().unwrap();
        check(&server);
    }
}

/// Keeps what it has acknowledged.
pub(crate) fn durable(launch: Launch) -> Launch {
    launch.config("appendonly yes").config("appendfsync always")
}

/// Asks the server itself, over a socket of its own.
pub(crate) fn ask(server: SocketAddr, line: &str) -> OwnedReply {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    let (mut bytes, mut framer) = (Vec::new(), Framer::new());
    loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "the server closed");
        bytes.extend(&piece[..n]);
        if let Some(frame) = framer.frame(&bytes).unwrap() {
            return OwnedReply::from(Reply::new(&bytes, frame));
        }
    }
}

/// The same, converted.
pub(crate) fn ask_to<T: for<'a> FromReply<'a>>(server: SocketAddr, line: &str) -> T {
    ask(server, line).as_reply().to().unwrap()
}

/// The samples in a stream, in its order: ids and numbers.
pub(crate) fn stream(server: SocketAddr, key: &str) -> Vec<(String, u32)> {
    let entries: Vec<(String, (String, u32))> = ask_to(server, &format!("XRANGE {key} - +"));
    entries.into_iter().map(|(id, (_, n))| (id, n)).collect()
}
