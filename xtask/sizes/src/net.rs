//! smoltcp with one TCP socket, as every rung but the empty one uses it.

use crate::{Card, now, random};
use core::hint::black_box;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address};
use static_cell::ConstStaticCell;

/// Where Redis is.
pub const SERVER: (Ipv4Address, u16) = (Ipv4Address::new(10, 0, 2, 2), 6379);

static CARD: ConstStaticCell<Card> = ConstStaticCell::new(Card::new());
static RECEIVED: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; 1024]);
static SENT: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; 1024]);
static SOCKETS: ConstStaticCell<[SocketStorage<'static>; 1]> =
    ConstStaticCell::new([SocketStorage::EMPTY; 1]);

/// The network interface and its one socket.
pub struct Net {
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    port: u16,
}

impl Net {
    /// The socket.
    pub fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    /// Opens the socket, from another port each time.
    pub fn connect(&mut self) {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.socket);
        self.port = self.port.wrapping_add(1) | 0xc000;
        black_box(socket.connect(self.interface.context(), SERVER, self.port)).ok();
    }

    /// The interface and the socket at once.
    pub fn parts(&mut self) -> (&mut Interface, &mut tcp::Socket<'static>) {
        (&mut self.interface, self.sockets.get_mut(self.socket))
    }
}

/// Runs the main loop: polls the interface, then calls `turn`, for ever.
pub fn run(mut turn: impl FnMut(&mut Net)) -> ! {
    let card = CARD.take();
    let mut config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 1]).into());
    config.random_seed = u64::from(random());
    let mut interface = Interface::new(config, card, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(Ipv4Address::new(10, 0, 2, 15).into(), 24));
    });
    let mut socket = tcp::Socket::new(
        tcp::SocketBuffer::new(&mut RECEIVED.take()[..]),
        tcp::SocketBuffer::new(&mut SENT.take()[..]),
    );
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(Duration::from_secs(10)));
    socket.set_keep_alive(Some(Duration::from_secs(3)));
    let mut sockets = SocketSet::new(&mut SOCKETS.take()[..]);
    let socket = sockets.add(socket);
    let mut net = Net {
        interface,
        sockets,
        socket,
        port: random() as u16,
    };
    loop {
        let time = Instant::from_micros(now() as i64);
        net.interface.poll(time, card, &mut net.sockets);
        turn(&mut net);
        black_box(net.interface.poll_delay(time, &net.sockets));
    }
}
