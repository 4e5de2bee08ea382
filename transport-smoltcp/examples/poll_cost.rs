//! The dearest poll: everything that one poll can find to do lies ready, and it is done once.
//!
//! ```text
//! cargo build --release -p respipe-smoltcp --example poll_cost
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     --toggle-collect='*measured*' target/release/examples/poll_cost
//! ```
//!
//! The socket holds 2 048 bytes of replies, the pipeline 64 queued commands, 1 792 bytes in all, for
//! which the socket has room; or, with the argument `idle`, nothing is to be done.

use core::hint::black_box;

use respipe_core::pipeline::{Config, Inline, Resend};
use respipe_core::{Duration, Instant, Pipeline, cmd};
use respipe_smoltcp::{Link, Notice, Settings, timestamp};
use smoltcp::iface::{self, Interface, SocketSet};
use smoltcp::phy::{Loopback, Medium};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint};

const BYTES: usize = 2048;
const SETTINGS: Settings = Settings::new(IpEndpoint::new(IpAddress::v4(127, 0, 0, 1), 6379));

type Pipe = Pipeline<Inline<4096, BYTES, 64>>;

#[inline(never)]
fn measured(
    link: &mut Link<'_>,
    now: Instant,
    socket: &mut tcp::Socket<'_>,
    cx: &mut iface::Context,
    pipeline: &mut Pipe,
) -> Option<Notice> {
    link.poll(now, socket, cx, pipeline, 7)
}

fn main() {
    let idle = std::env::args().nth(1).is_some_and(|what| what == "idle");
    let mut device = Loopback::new(Medium::Ethernet);
    let mac = EthernetAddress([2, 0, 0, 0, 0, 1]);
    let mut interface = Interface::new(
        iface::Config::new(mac.into()),
        &mut device,
        smoltcp::time::Instant::ZERO,
    );
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8));
    });
    let socket = || {
        let buffer = || tcp::SocketBuffer::new(vec![0; BYTES]);
        tcp::Socket::new(buffer(), buffer())
    };
    let mut sockets = SocketSet::new(Vec::new());
    let (ours, theirs) = (sockets.add(socket()), sockets.add(socket()));
    sockets
        .get_mut::<tcp::Socket<'_>>(theirs)
        .listen(6379)
        .expect("a free port");
    let mut pipeline = Pipe::new(Inline::new());
    pipeline.configure(Config {
        resend: Resend::Replayable,
        silence_limit: Duration::from_secs(5),
        ..Config::DEFAULT
    });
    let mut link = Link::new(&SETTINGS);
    let mut now = Instant::from_millis(1);
    // Both sides: the last of the three segments is still on its way when ours is up.
    while !(link.is_up() && sockets.get::<tcp::Socket<'_>>(theirs).may_send()) {
        now = now.after(Duration::from_millis(1));
        interface.poll(timestamp(now), &mut device, &mut sockets);
        let socket = sockets.get_mut::<tcp::Socket<'_>>(ours);
        let cx = interface.context();
        link.poll(now, socket, cx, &mut pipeline, 7);
    }
    if !idle {
        let server = sockets.get_mut::<tcp::Socket<'_>>(theirs);
        let replies = b"+OK\r\n".repeat(BYTES / 5 + 1);
        assert_eq!(server.send_slice(&replies[..BYTES]), Ok(BYTES));
        for _ in 0..50 {
            now = now.after(Duration::from_millis(20));
            interface.poll(timestamp(now), &mut device, &mut sockets);
        }
        let waiting = sockets.get::<tcp::Socket<'_>>(ours).recv_queue();
        assert_eq!(waiting, BYTES, "all replies have come");
        for value in 10..74 {
            let set = cmd("SET").args(("k", value)).replayable();
            pipeline.submit(&set, value, now).expect("room");
        }
    }
    let socket = sockets.get_mut::<tcp::Socket<'_>>(ours);
    let cx = interface.context();
    black_box(measured(&mut link, now, socket, cx, &mut pipeline));
    let left = sockets.get::<tcp::Socket<'_>>(ours).send_queue();
    println!("{left} bytes are on their way");
}
