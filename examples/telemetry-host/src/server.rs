//! The redis-server, the way to it, and what is done to both.

use core::net::SocketAddr;
use std::thread;

use respipe_std::{Connection, cmd};
use respipe_testkit::process::{Launch, ServerProcess, servers};
use respipe_testkit::proxy::{Direction, End, Faults, Proxy};

use crate::Result;
use crate::qemu::Control;
use crate::script::Fault;

/// A server; in a run with faults the firmware reaches it through a proxy, which can break a
/// connection as no server can.
#[derive(Debug)]
pub(crate) struct Server {
    process: ServerProcess,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Direct,
    Proxy(Proxy),
    /// The proxy is gone with the server, so that connecting is refused; this was its address.
    Gone(SocketAddr),
}

/// A sample as Redis has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) sequence: u32,
    pub(crate) millidegrees: i32,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start(with_faults: bool) -> Result<Self> {
        let binary = servers().into_iter().next();
        let binary = binary.ok_or("neither redis-server nor valkey-server is on the PATH")?;
        let launch = Launch::new(&binary);
        if !with_faults {
            let process = launch.start()?;
            let way = Way::Direct;
            return Ok(Self { process, way });
        }
        // Otherwise it forgets what it acknowledged when it is killed, and no client can be exact.
        let durable = launch.config("appendonly yes").config("appendfsync always");
        let process = durable.start()?;
        let way = Way::Proxy(Proxy::start(process.address(), Faults::none())?);
        Ok(Self { process, way })
    }

    /// What it calls itself.
    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.process.name(), self.process.version())
    }

    /// The port for the firmware.
    pub(crate) fn port(&self) -> u16 {
        match &self.way {
            Way::Direct => self.process.address().port(),
            Way::Proxy(proxy) => proxy.address().port(),
            Way::Gone(address) => address.port(),
        }
    }

    /// Lets something go wrong, for as long as it takes.
    pub(crate) fn suffer(&mut self, fault: Fault, machine: &mut Control) -> Result {
        match fault {
            Fault::Wait(span) => thread::sleep(span),
            Fault::Kill(span) => {
                self.process.kill()?;
                let address = match &self.way {
                    Way::Proxy(proxy) => Some(proxy.address()),
                    Way::Direct | Way::Gone(_) => None,
                };
                if let Some(address) = address {
                    self.way = Way::Gone(address);
                }
                thread::sleep(span);
                self.process.restart()?;
                if let Some(address) = address {
                    let upstream = self.process.address();
                    self.way = Way::Proxy(Proxy::start_on(address, upstream, Faults::none())?);
                }
            }
            Fault::Stop(span) => {
                self.process.pause()?;
                thread::sleep(span);
                self.process.resume()?;
            }
            Fault::LinkDown(span) => {
                machine.set_link(false)?;
                thread::sleep(span);
                machine.set_link(true)?;
            }
            Fault::Reset => match &self.way {
                Way::Proxy(proxy) => proxy.end(Direction::ToClient, End::Reset),
                Way::Direct | Way::Gone(_) => return Err("there is no proxy to reset".into()),
            },
            Fault::Close => {
                let mut redis = Connection::open(&self.process.url())?;
                let kill = cmd("CLIENT").args(("KILL", "TYPE", "normal", "SKIPME", "yes"));
                let _: i64 = redis.call_to(&kill)?;
            }
            Fault::Reboot => machine.reset()?,
        }
        Ok(())
    }

    /// All samples of the stream, in its order.
    pub(crate) fn stored(&self) -> Result<Vec<Stored>> {
        const PAGE: usize = 1_000;
        let mut redis = Connection::open(&self.process.url())?;
        let mut stored = Vec::new();
        let mut from = "-".to_owned();
        loop {
            let page = cmd("XRANGE").args(("samples", from.as_str(), "+", "COUNT", PAGE));
            let page: Vec<(String, (String, u32, String, i32))> = redis.call_to(&page)?;
            let Some((last, _)) = page.last() else {
                return Ok(stored);
            };
            from = format!("({last}");
            for (id, (_, sequence, _, millidegrees)) in page {
                stored.push(Stored {
                    id,
                    sequence,
                    millidegrees,
                });
            }
        }
    }
}
