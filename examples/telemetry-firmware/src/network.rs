//! The network: one interface, one TCP socket, all their memory.

use respipe_core::Instant;
use respipe_smoltcp::{instant, timestamp};
use smoltcp::iface::{Config, Context, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint};
use static_cell::ConstStaticCell;

use crate::board::{Board, Clock, Mac};
use crate::mac::Ethernet;

/// Bytes that TCP keeps until they are acknowledged: two full segments, so that one can be made
/// while the other is under way.
const SEND: usize = 2_920;
/// Bytes that have come and were not read yet. It is also the window that the server sees.
const RECEIVE: usize = 1_460;

static SENDING: ConstStaticCell<[u8; SEND]> = ConstStaticCell::new([0; SEND]);
static RECEIVING: ConstStaticCell<[u8; RECEIVE]> = ConstStaticCell::new([0; RECEIVE]);
static SOCKETS: ConstStaticCell<[SocketStorage<'static>; 1]> =
    ConstStaticCell::new([SocketStorage::EMPTY]);

/// QEMU's user network: who we are, and where the host's loopback is.
const OURS: IpCidr = IpCidr::new(IpAddress::v4(10, 0, 2, 15), 24);
const HOST: IpAddress = IpAddress::v4(10, 0, 2, 2);

/// An interface and its one TCP socket.
pub struct Network {
    ethernet: Ethernet<Mac>,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Network {
    /// Gives the interface its address. `seed` is for TCP's sequence numbers: guessable ones let
    /// others into the connection.
    ///
    /// # Panics
    /// When called twice.
    #[must_use]
    pub fn start(mut ethernet: Ethernet<Mac>, seed: u64) -> Self {
        let mut config = Config::new(EthernetAddress(Board::ADDRESS).into());
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut ethernet, timestamp(Instant::ZERO));
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(OURS);
        });
        let mut sockets = SocketSet::new(SOCKETS.take().as_mut_slice());
        let socket = sockets.add(tcp::Socket::new(
            tcp::SocketBuffer::new(RECEIVING.take().as_mut_slice()),
            tcp::SocketBuffer::new(SENDING.take().as_mut_slice()),
        ));
        Self {
            ethernet,
            interface,
            sockets,
            socket,
        }
    }

    /// A port on the host.
    #[must_use]
    pub const fn host(port: u16) -> IpEndpoint {
        IpEndpoint::new(HOST, port)
    }

    /// Takes in the frames that have come.
    pub fn receive(&mut self, now: Instant) {
        let now = timestamp(now);
        self.interface.poll_maintenance(now);
        while self.ethernet.has_frame() {
            self.interface
                .poll_ingress_single(now, &mut self.ethernet, &mut self.sockets);
        }
    }

    /// Sends what there is to send.
    pub fn transmit(&mut self, now: Instant) {
        self.interface
            .poll_egress(timestamp(now), &mut self.ethernet, &mut self.sockets);
    }

    /// The TCP socket, and what connecting it needs.
    pub fn socket(&mut self) -> (&mut tcp::Socket<'static>, &mut Context) {
        let socket = self.sockets.get_mut(self.socket);
        (socket, self.interface.context())
    }

    /// When TCP wants to be polled, if no frame comes before.
    pub fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(timestamp(now), &self.sockets);
        at.map(instant)
    }

    /// Sleeps until a frame has come, at most until then.
    pub fn sleep_until(&self, until: Option<Instant>, clock: &mut Clock) {
        // Without the sleep QEMU would starve its own network; hardware saves power.
        while !self.ethernet.has_frame() && until.is_none_or(|until| clock.now() < until) {
            clock.sleep();
        }
    }
}
