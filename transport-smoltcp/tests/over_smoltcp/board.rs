//! A device's network without a device: its interface, joined to a second smoltcp interface that
//! hands each connection on to a real server over the host's loopback.
//!
//! ```text
//!   Link - socket - Interface <== frames ==> Interface - socket <-> TcpStream - server
//!                                   |
//!                           cut here, or counted
//! ```

use core::cell::RefCell;
use core::net::SocketAddr;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::time;

use respipe_core::Instant;
use respipe_core::pipeline::{Event, Pipeline, Storage};
use respipe_smoltcp::{Link, Notice, timestamp};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint};

/// The port that the far interface listens on.
pub(crate) const PORT: u16 = 6379;
/// How many connections it takes at once.
const BACKLOG: usize = 4;

/// Where a [`Link`] finds the server.
pub(crate) const SERVER: IpEndpoint = IpEndpoint::new(IpAddress::v4(10, 0, 0, 1), PORT);

/// A device with one TCP socket, and its network.
pub(crate) struct Board {
    pub(crate) net: Net,
    iface: Interface,
    device: Port,
    sockets: SocketSet<'static>,
    tcp: SocketHandle,
    start: time::Instant,
    random: fastrand::Rng,
}

impl Board {
    /// A board whose network leads to this server, with so many bytes in its socket each way.
    pub(crate) fn new(server: SocketAddr, bytes: usize) -> Self {
        let (near, far) = cable();
        let mut near_port = near;
        let iface = interface(&mut near_port, 2);
        let mut sockets = SocketSet::new(Vec::new());
        let tcp = sockets.add(socket(bytes));
        Self {
            net: Net::new(far, server),
            iface,
            device: near_port,
            sockets,
            tcp,
            start: time::Instant::now(),
            random: fastrand::Rng::with_seed(7),
        }
    }

    /// The device is reset: its interface and its socket begin anew.
    pub(crate) fn restart(&mut self) {
        let bytes = {
            let socket = self.sockets.get::<tcp::Socket<'_>>(self.tcp);
            socket.send_capacity()
        };
        self.sockets = SocketSet::new(Vec::new());
        self.tcp = self.sockets.add(socket(bytes));
        self.iface = interface(&mut self.device, 2);
        self.random = fastrand::Rng::with_seed(self.random.u64(..));
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO.after(self.start.elapsed().into())
    }

    /// One turn of a main loop, but for the events.
    pub(crate) fn turn<S: Storage>(
        &mut self,
        link: &mut Link<'_>,
        pipeline: &mut Pipeline<S>,
    ) -> Option<Notice> {
        self.net.turn(self.now());
        let now = self.now();
        self.iface
            .poll(timestamp(now), &mut self.device, &mut self.sockets);
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        let random = self.random.u32(..);
        link.poll(now, socket, self.iface.context(), pipeline, random)
    }

    /// Sleeps as a main loop would, though not for longer than the far side can do without.
    pub(crate) fn rest<S: Storage>(&mut self, link: &Link<'_>, pipeline: &mut Pipeline<S>) {
        let now = self.now();
        let stack = self.iface.poll_at(timestamp(now), &self.sockets);
        let stack = stack.map(respipe_smoltcp::instant);
        let until = [stack, self.link_at(link, pipeline)];
        let until = until.into_iter().flatten().min();
        if until.is_none_or(|until| until > now) {
            std::thread::sleep(time::Duration::from_micros(200));
        }
    }

    /// When the link wants its next turn.
    pub(crate) fn link_at<S: Storage>(
        &self,
        link: &Link<'_>,
        pipeline: &mut Pipeline<S>,
    ) -> Option<Instant> {
        let socket = self.sockets.get::<tcp::Socket<'_>>(self.tcp);
        link.poll_at(self.now(), socket, pipeline)
    }

    /// Runs until commands leave.
    pub(crate) fn connect<S: Storage>(&mut self, link: &mut Link<'_>, pipeline: &mut Pipeline<S>) {
        self.run(link, pipeline, |told| {
            matches!(told, Told::Notice(Notice::Up))
        });
    }

    /// Runs until `done` says so, handing each notice and each event to it; at most ten seconds.
    pub(crate) fn run<S: Storage>(
        &mut self,
        link: &mut Link<'_>,
        pipeline: &mut Pipeline<S>,
        mut done: impl FnMut(Told<'_, S::Tag>) -> bool,
    ) {
        let start = time::Instant::now();
        loop {
            if let Some(notice) = self.turn(link, pipeline)
                && done(Told::Notice(notice))
            {
                return;
            }
            while let Ok(Some(event)) = pipeline.poll_event() {
                if done(Told::Event(event)) {
                    return;
                }
            }
            if done(Told::Nothing) {
                return;
            }
            assert!(
                start.elapsed() < time::Duration::from_secs(10),
                "waited for ten seconds: {link:?} {pipeline:?}"
            );
            self.rest(link, pipeline);
        }
    }
}

/// What happened in a turn.
pub(crate) enum Told<'a, Tag> {
    Notice(Notice),
    Event(Event<'a, Tag>),
    /// The turn is over.
    Nothing,
}

/// The network and what is behind it.
pub(crate) struct Net {
    pub(crate) cable: Rc<RefCell<Cable>>,
    iface: Interface,
    device: Port,
    sockets: SocketSet<'static>,
    relays: Vec<Relay>,
    /// Where connections are handed on to.
    pub(crate) server: SocketAddr,
    /// Somebody listens.
    pub(crate) listens: bool,
}

impl Net {
    fn new(mut far: Port, server: SocketAddr) -> Self {
        let mut sockets = SocketSet::new(Vec::new());
        let relays = (0..BACKLOG)
            .map(|_| Relay::new(sockets.add(socket(64 * 1024))))
            .collect();
        Self {
            cable: Rc::clone(&far.cable),
            iface: interface(&mut far, 1),
            device: far,
            sockets,
            relays,
            server,
            listens: true,
        }
    }

    fn turn(&mut self, now: Instant) {
        let stamp = timestamp(now);
        loop {
            let mut moved = self.iface.poll(stamp, &mut self.device, &mut self.sockets)
                == PollResult::SocketStateChanged;
            for relay in &mut self.relays {
                let socket = self.sockets.get_mut(relay.socket);
                moved |= relay.turn(socket, self.server, self.listens);
            }
            if !moved {
                return;
            }
        }
    }

    /// Resets all connections, as a router does that has forgotten them.
    pub(crate) fn reset(&mut self) {
        for relay in &mut self.relays {
            relay.upstream = None;
            self.sockets
                .get_mut::<tcp::Socket<'_>>(relay.socket)
                .abort();
        }
    }
}

/// One connection, handed on.
struct Relay {
    socket: SocketHandle,
    upstream: Option<TcpStream>,
    /// It was handed on; there is no second time.
    begun: bool,
    /// The server has closed its side.
    ended: bool,
    /// From the server, not yet taken by the socket.
    down: Vec<u8>,
}

impl Relay {
    fn new(socket: SocketHandle) -> Self {
        Self {
            socket,
            upstream: None,
            begun: false,
            ended: false,
            down: Vec::new(),
        }
    }

    fn turn(&mut self, socket: &mut tcp::Socket<'_>, server: SocketAddr, listens: bool) -> bool {
        match socket.state() {
            tcp::State::Closed | tcp::State::TimeWait => {
                self.upstream = None;
                (self.begun, self.ended) = (false, false);
                self.down.clear();
                if listens {
                    socket.abort();
                    return socket.listen(PORT).is_ok();
                }
                return false;
            }
            tcp::State::Listen if !listens => {
                socket.abort();
                return true;
            }
            tcp::State::Listen | tcp::State::SynReceived => return false,
            _ => {}
        }
        if !self.begun {
            self.begun = true;
            match TcpStream::connect(server) {
                Ok(stream) => {
                    stream.set_nonblocking(true).unwrap();
                    stream.set_nodelay(true).unwrap();
                    self.upstream = Some(stream);
                }
                Err(_) => {
                    socket.abort();
                    return true;
                }
            }
        }
        self.up(socket) | self.down(socket)
    }

    /// From the device to the server.
    fn up(&mut self, socket: &mut tcp::Socket<'_>) -> bool {
        let Some(stream) = &mut self.upstream else {
            return false;
        };
        match socket.recv(|bytes| match stream.write(bytes) {
            Ok(n) => (n, n),
            Err(_) => (0, 0),
        }) {
            Ok(n) => n > 0,
            Err(tcp::RecvError::Finished) => {
                let _ = stream.shutdown(Shutdown::Write);
                false
            }
            Err(tcp::RecvError::InvalidState) => {
                self.upstream = None;
                false
            }
        }
    }

    /// From the server to the device.
    fn down(&mut self, socket: &mut tcp::Socket<'_>) -> bool {
        let mut moved = false;
        // A network holds only so much: whoever sends without end is pushed back.
        if let Some(stream) = &mut self.upstream
            && self.down.len() < 64 * 1024
        {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes) {
                Ok(0) => {
                    self.ended = true;
                    moved = true;
                }
                Ok(n) => {
                    self.down.extend(&bytes[..n]);
                    moved = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.upstream = None;
                    socket.abort();
                    return true;
                }
            }
        }
        if let Ok(n) = socket.send_slice(&self.down)
            && n > 0
        {
            self.down.drain(..n);
            moved = true;
        }
        if self.ended && self.down.is_empty() {
            socket.close();
            self.upstream = None;
        }
        moved
    }
}

/// Frames on their way.
#[derive(Default)]
pub(crate) struct Cable {
    up: VecDeque<Vec<u8>>,
    down: VecDeque<Vec<u8>>,
    /// Nothing gets through; nothing gets to the device.
    pub(crate) cut: bool,
    pub(crate) cut_down: bool,
    /// Segments with data that the device has sent, and received.
    pub(crate) data_up: usize,
    pub(crate) data_down: usize,
}

/// One end of a cable.
pub(crate) struct Port {
    cable: Rc<RefCell<Cable>>,
    near: bool,
}

impl Port {
    /// Whether frames are on their way.
    pub(crate) fn is_busy(&self) -> bool {
        let cable = self.cable.borrow();
        !cable.up.is_empty() || !cable.down.is_empty()
    }
}

pub(crate) fn cable() -> (Port, Port) {
    let cable = Rc::new(RefCell::new(Cable::default()));
    let near = Port {
        cable: Rc::clone(&cable),
        near: true,
    };
    (near, Port { cable, near: false })
}

impl Device for Port {
    type RxToken<'a> = Frame;
    type TxToken<'a> = Out;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Frame, Out)> {
        let mut cable = self.cable.borrow_mut();
        let frame = match self.near {
            true => cable.down.pop_front(),
            false => cable.up.pop_front(),
        }?;
        let out = Out {
            cable: Rc::clone(&self.cable),
            near: self.near,
        };
        Some((Frame(frame), out))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Out> {
        Some(Out {
            cable: Rc::clone(&self.cable),
            near: self.near,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities.checksum.tcp = Checksum::Both;
        capabilities
    }
}

pub(crate) struct Frame(Vec<u8>);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

pub(crate) struct Out {
    cable: Rc<RefCell<Cable>>,
    near: bool,
}

impl TxToken for Out {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        let mut cable = self.cable.borrow_mut();
        if cable.cut || (cable.cut_down && !self.near) {
            return result;
        }
        let data = usize::from(carries_data(&frame));
        match self.near {
            true => {
                cable.data_up += data;
                cable.up.push_back(frame);
            }
            false => {
                cable.data_down += data;
                cable.down.push_back(frame);
            }
        }
        result
    }
}

/// Whether a frame is a TCP segment with payload.
fn carries_data(frame: &[u8]) -> bool {
    use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, TcpPacket};

    let Ok(frame) = EthernetFrame::new_checked(frame) else {
        return false;
    };
    if frame.ethertype() != EthernetProtocol::Ipv4 {
        return false;
    }
    let Ok(packet) = Ipv4Packet::new_checked(frame.payload()) else {
        return false;
    };
    packet.next_header() == IpProtocol::Tcp
        && TcpPacket::new_checked(packet.payload()).is_ok_and(|tcp| !tcp.payload().is_empty())
}

pub(crate) fn interface(port: &mut Port, host: u8) -> Interface {
    let mac = EthernetAddress([2, 0, 0, 0, 0, host]);
    let mut config = Config::new(mac.into());
    config.random_seed = u64::from(host);
    let mut iface = Interface::new(config, port, smoltcp::time::Instant::ZERO);
    iface.update_ip_addrs(|addresses| {
        addresses
            .push(IpCidr::new(IpAddress::v4(10, 0, 0, host), 24))
            .unwrap();
    });
    iface
}

pub(crate) fn socket(bytes: usize) -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; bytes]);
    tcp::Socket::new(buffer(), buffer())
}
