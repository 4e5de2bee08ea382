//! The floor: bytes encoded beforehand, one write, replies found by their ends and counted. No client can do with less on
//! blocking sockets.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use super::Client;
use crate::Result;
use crate::scan::reply_end;
use crate::workload::{Kind, Tally, Workload};

/// Bytes of the read buffer.
const BUFFER: usize = 64 * 1024;

pub(super) struct Floor {
    stream: TcpStream,
    input: Box<[u8]>,
    /// A batch encoded, and what for.
    batch: Vec<u8>,
    encoded: Option<(Kind, usize)>,
}

impl Floor {
    pub(super) fn connect(port: u16) -> Result<Floor> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Floor {
            stream,
            input: vec![0; BUFFER].into(),
            batch: Vec::new(),
            encoded: None,
        })
    }

    fn encode(&mut self, workload: &Workload, depth: usize) {
        self.batch.clear();
        for key in workload.keys().take(depth) {
            let mut command = redis::Cmd::new();
            match workload.kind {
                Kind::Set => command.arg("SET").arg(key).arg(&workload.value),
                Kind::Get | Kind::Get4K => command.arg("GET").arg(key),
                Kind::Lrange => command.arg("LRANGE").arg(key).arg(0).arg(99),
                Kind::Xadd => command
                    .arg("XADD")
                    .arg(key)
                    .arg("*")
                    .arg("sample")
                    .arg(&workload.value),
            };
            self.batch.extend_from_slice(&command.get_packed_command());
        }
        self.encoded = Some((workload.kind, depth));
    }

    /// Counts replies until there are `count`.
    fn count(&mut self, count: usize) -> Result<()> {
        let (mut counted, mut filled) = (0, 0);
        while counted < count {
            let read = self.stream.read(&mut self.input[filled..])?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            let mut at = 0;
            while let Some(bytes) = reply_end(&self.input[at..filled]) {
                at += bytes;
                counted += 1;
            }
            self.input.copy_within(at..filled, 0);
            filled -= at;
        }
        Ok(())
    }
}

impl Client for Floor {
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally> {
        if self.encoded != Some((workload.kind, depth)) {
            self.encode(workload, depth);
        }
        for _ in 0..count / depth {
            self.stream.write_all(&self.batch)?;
            self.count(depth)?;
        }
        Ok(Tally {
            replies: count,
            bytes: None,
        })
    }
}
