//! The proxy misbehaves exactly as told.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use respipe_testkit::proxy::{Direction, End, Faults, Lane, Proxy};

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Longer than any test runs.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// How long a link that is expected to be silent is listened to; it only has to be shorter than a test's patience.
const SILENCE: Duration = Duration::from_millis(60);

/// Both ends of one connection through a proxy.
struct Link {
    proxy: Proxy,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

impl Link {
    fn new(faults: Faults) -> io::Result<Self> {
        Self::with_plan(vec![faults])
    }

    fn with_plan(plan: Vec<Faults>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Proxy::start_with_plan(listener.local_addr()?, plan)?;
        let (client, server) = join(proxy.address(), &listener)?;
        Ok(Self {
            proxy,
            listener,
            client,
            server,
        })
    }
}

fn join(proxy: SocketAddr, listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(proxy)?;
    let (server, _) = listener.accept()?;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    }
    Ok((client, server))
}

fn read(stream: &mut TcpStream, bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    stream.read_exact(&mut buffer)?;
    Ok(buffer)
}

fn is_silent(stream: &mut TcpStream) -> io::Result<bool> {
    stream.set_read_timeout(Some(SILENCE))?;
    let silent = matches!(stream.read(&mut [0; 1]), Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(silent)
}

/// Writes until the other side pushes back; how many bytes went in.
fn write_until_pushed_back(stream: &mut TcpStream) -> io::Result<usize> {
    stream.set_write_timeout(Some(SILENCE))?;
    let mut written = 0;
    while let Ok(n) = stream.write(&[7; 64 * 1024]) {
        written += n;
        assert!(written < 256 * 1024 * 1024, "nothing pushes back");
    }
    Ok(written)
}

fn wait_until(condition: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < patience, "it never came to be");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn without_faults_bytes_and_ends_pass_both_ways() -> Result {
    let mut link = Link::new(Faults::none())?;
    link.client.write_all(b"question")?;
    assert_eq!(read(&mut link.server, 8)?, b"question");
    link.server.write_all(b"answer")?;
    assert_eq!(read(&mut link.client, 6)?, b"answer");
    link.client.shutdown(Shutdown::Write)?;
    assert_eq!(link.server.read(&mut [0; 1])?, 0);
    link.server.write_all(b"late")?;
    assert_eq!(
        read(&mut link.client, 4)?,
        b"late",
        "a half-closed link still answers"
    );
    // Counted just after they have left.
    wait_until(|| link.proxy.forwarded(Direction::ToServer) == 8);
    wait_until(|| link.proxy.forwarded(Direction::ToClient) == 10);
    Ok(())
}

#[test]
fn a_delayed_byte_arrives_no_earlier_than_its_delay() -> Result {
    let round_trip = Duration::from_millis(60);
    let mut link = Link::new(Faults::round_trip(round_trip))?;
    let start = Instant::now();
    link.client.write_all(b"q")?;
    read(&mut link.server, 1)?;
    link.server.write_all(b"a")?;
    read(&mut link.client, 1)?;
    assert!(start.elapsed() >= round_trip);
    Ok(())
}

#[test]
fn a_delay_costs_no_bandwidth_many_bytes_are_under_way_at_once() -> Result {
    let mut link = Link::new(Faults::new(Lane::new().delay(FOR_EVER), Lane::new()))?;
    let bytes = 8 * 1024 * 1024;
    link.client.write_all(&vec![7; bytes])?;
    wait_until(|| link.proxy.under_way(Direction::ToServer) == bytes);
    assert_eq!(link.proxy.forwarded(Direction::ToServer), 0);
    Ok(())
}

#[test]
fn what_is_under_way_is_bounded() -> Result {
    let mut link = Link::new(Faults::new(Lane::new().delay(FOR_EVER), Lane::new()))?;
    let written = write_until_pushed_back(&mut link.client)?;
    assert!(
        written >= Lane::CAPACITY,
        "pushed back after {written} bytes"
    );
    // One read more than the capacity may be in the line.
    assert!(link.proxy.under_way(Direction::ToServer) < Lane::CAPACITY + 64 * 1024);
    Ok(())
}

#[test]
fn split_writes_lose_nothing() -> Result {
    let mut link = Link::new(Faults::new(
        Lane::new().pieces_of(1),
        Lane::new().pieces_of(7),
    ))?;
    let bytes: Vec<u8> = (0..2000_u32).map(|n| n.to_le_bytes()[0]).collect();
    link.client.write_all(&bytes)?;
    assert_eq!(read(&mut link.server, bytes.len())?, bytes);
    link.server.write_all(&bytes)?;
    assert_eq!(read(&mut link.client, bytes.len())?, bytes);
    Ok(())
}

#[test]
fn a_throttled_lane_takes_its_time() -> Result {
    let mut link = Link::new(Faults::new(
        Lane::new().bytes_per_second(20_000),
        Lane::new(),
    ))?;
    let start = Instant::now();
    link.client.write_all(&[7; 2000])?;
    read(&mut link.server, 2000)?;
    // The first piece of a hundredth of a second is free.
    assert!(start.elapsed() >= Duration::from_millis(90));
    Ok(())
}

#[test]
fn a_stalled_direction_is_silent_and_pushes_back_while_the_other_goes_on() -> Result {
    let mut link = Link::new(Faults::none())?;
    link.proxy.stall(Direction::ToServer);
    assert!(write_until_pushed_back(&mut link.client)? > 0);
    // What was read in the turn in which the stall began may be in the line, but nothing comes out.
    assert!(is_silent(&mut link.server)?);
    link.server.write_all(b"news")?;
    assert_eq!(read(&mut link.client, 4)?, b"news");
    link.proxy.resume(Direction::ToServer);
    assert_eq!(read(&mut link.server, 3)?, [7; 3]);
    Ok(())
}

#[test]
fn a_lane_that_stalls_by_itself_forwards_exactly_its_bytes_until_resumed() -> Result {
    let mut link = Link::new(Faults::new(Lane::new(), Lane::new().after(3, End::Stall)))?;
    link.server.write_all(b"abcdef")?;
    assert_eq!(read(&mut link.client, 3)?, b"abc");
    assert!(is_silent(&mut link.client)?);
    link.proxy.resume(Direction::ToClient);
    assert_eq!(read(&mut link.client, 3)?, b"def");
    Ok(())
}

#[test]
fn a_lane_cut_with_fin_delivers_exactly_its_bytes_and_then_both_sides_see_the_end() -> Result {
    let mut link = Link::new(Faults::new(Lane::new().after(5, End::Close), Lane::new()))?;
    link.client.write_all(b"0123456789")?;
    let mut all = Vec::new();
    link.server.read_to_end(&mut all)?;
    assert_eq!(all, b"01234");
    assert_eq!(link.client.read(&mut [0; 1])?, 0);
    link.client.write_all(b"nobody listens")?; // and nobody answers with a reset
    assert_eq!(link.client.read(&mut [0; 1])?, 0);
    Ok(())
}

#[test]
fn a_lane_cut_at_its_first_byte_delivers_nothing() -> Result {
    let mut link = Link::new(Faults::new(Lane::new(), Lane::new().after(0, End::Close)))?;
    assert_eq!(link.client.read(&mut [0; 1])?, 0);
    Ok(())
}

#[test]
fn a_lane_cut_with_rst_breaks_both_sides_after_its_bytes() -> Result {
    let mut link = Link::new(Faults::new(Lane::new(), Lane::new().after(5, End::Reset)))?;
    link.server.write_all(b"0123456789")?;
    for stream in [&mut link.client, &mut link.server] {
        let mut all = Vec::new();
        let error = stream.read_to_end(&mut all).err().ok_or("an orderly end")?;
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(b"01234".starts_with(&all), "{all:?}");
    }
    Ok(())
}

#[test]
fn a_half_closed_lane_ends_for_its_receiver_alone() -> Result {
    let mut link = Link::new(Faults::new(
        Lane::new().after(4, End::HalfClose),
        Lane::new(),
    ))?;
    link.client.write_all(b"lastmore")?;
    let mut all = Vec::new();
    link.server.read_to_end(&mut all)?;
    assert_eq!(all, b"last");
    link.server.write_all(b"answer")?;
    assert_eq!(read(&mut link.client, 6)?, b"answer");
    Ok(())
}

#[test]
fn an_open_connection_can_be_ended_from_outside() -> Result {
    let mut link = Link::new(Faults::none())?;
    link.client.write_all(b"x")?;
    read(&mut link.server, 1)?;
    link.proxy.end(Direction::ToClient, End::Reset);
    let error = link
        .client
        .read(&mut [0; 1])
        .err()
        .ok_or("an orderly end")?;
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    Ok(())
}

#[test]
fn each_connection_has_its_own_place_in_the_plan() -> Result {
    let cut = Faults::new(Lane::new().after(0, End::Close), Lane::new());
    let mut first = Link::with_plan(vec![cut, Faults::none()])?;
    assert_eq!(first.server.read(&mut [0; 1])?, 0);
    for _ in 0..2 {
        let (mut client, mut server) = join(first.proxy.address(), &first.listener)?;
        client.write_all(b"whole")?;
        assert_eq!(read(&mut server, 5)?, b"whole");
    }
    assert_eq!(first.proxy.accepted(), 3);
    Ok(())
}

#[test]
fn a_sender_that_dies_breaks_the_other_side_too() -> Result {
    let mut link = Link::new(Faults::none())?;
    // Closing with a byte unread is a reset.
    link.server.write_all(b"unread")?;
    wait_until(|| link.proxy.forwarded(Direction::ToClient) == 6);
    drop(link.client);
    let error = link
        .server
        .read(&mut [0; 1])
        .err()
        .ok_or("an orderly end")?;
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    Ok(())
}

#[test]
fn a_dropped_proxy_takes_its_connections_with_it() -> Result {
    let mut link = Link::new(Faults::round_trip(FOR_EVER))?;
    let address = link.proxy.address();
    drop(link.proxy);
    assert_eq!(link.client.read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!(link.server.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err());
    Ok(())
}

#[test]
fn a_proxy_that_is_gone_refuses_and_another_takes_its_address() -> io::Result<()> {
    let upstream = TcpListener::bind("127.0.0.1:0")?;
    let proxy = Proxy::start(upstream.local_addr()?, Faults::none())?;
    let address = proxy.address();
    let before = TcpStream::connect(address)?;
    drop(proxy);
    let refused = TcpStream::connect(address).map(drop);
    assert_eq!(
        refused.map_err(|error| error.kind()),
        Err(ErrorKind::ConnectionRefused)
    );
    drop(before);
    let proxy = Proxy::start_on(address, upstream.local_addr()?, Faults::none())?;
    assert_eq!(proxy.address(), address);
    TcpStream::connect(address).map(drop)
}
