//! Faults over every transport, with a real server behind a fault proxy: after each, exactly one end a command, and books that
//! balance.

use core::net::SocketAddr;
use core::time::Duration;
use std::thread;

use respipe_testkit::process::{Launch, ServerProcess, servers};
use respipe_testkit::proxy::{Direction, End, Faults, Lane, Proxy};
use respipe_testkit::skip;
use trials::{Books, Flight, Terms, Transport, all};

/// Commands of a flight.
const COMMANDS: usize = 6;

fn server() -> Option<ServerProcess> {
    let Some(binary) = servers().into_iter().next() else {
        skip("no redis-server or valkey-server on the PATH");
        return None;
    };
    Some(Launch::new(&binary).start().expect("a server that starts"))
}

/// A flight of INCRs through these faults, with its books.
fn fly(
    transport: &dyn Transport,
    server: SocketAddr,
    terms: &Terms,
    faults: Faults,
    key: &str,
) -> (Flight, Books) {
    let proxy = Proxy::start(server, faults.clone()).expect("a loopback port");
    let flight = transport.flight(proxy.address(), terms, &Books::incrs(key, COMMANDS));
    drop(proxy);
    let name = transport.name();
    let books = Books::balance(&flight, server, key)
        .unwrap_or_else(|wrong| panic!("{name}, {faults:?}: {wrong}\n{flight:?}"));
    (flight, books)
}

/// How many bytes go each way when nothing goes wrong.
fn whole(transport: &dyn Transport, server: SocketAddr, terms: &Terms, key: &str) -> [u64; 2] {
    let proxy = Proxy::start(server, Faults::none()).expect("a loopback port");
    let flight = transport.flight(proxy.address(), terms, &Books::incrs(key, COMMANDS));
    let books = Books::balance(&flight, server, key).expect("books that balance");
    assert_eq!(
        books.replied,
        COMMANDS as u64,
        "{}: {flight:?}",
        transport.name()
    );
    Direction::BOTH.map(|direction| proxy.forwarded(direction))
}

/// Runs a test for each transport, all at once: most of the time they wait.
fn each(test: impl Fn(&dyn Transport, SocketAddr) + Sync) {
    let Some(server) = server() else { return };
    let address = server.address();
    let transports = all();
    thread::scope(|scope| {
        for transport in &transports {
            let test = &test;
            scope.spawn(move || test(transport.as_ref(), address));
        }
    });
}

#[test]
fn every_cut_of_either_direction_leaves_books_that_balance() {
    each(|transport, server| {
        let terms = Terms::DEFAULT;
        let name = transport.name();
        let [up, down] = whole(transport, server, &terms, &format!("{name}:whole"));
        let mut flights = 0;
        for end in [End::Close, End::Reset, End::HalfClose] {
            // A half-closed way to the server is an end for it too; it answers all that it has.
            for after in 0..=up {
                let faults = Faults::new(Lane::new().after(after, end), Lane::new());
                let key = format!("{name}:up:{end:?}:{after}");
                let (_, books) = fly(transport, server, &terms, faults, &key);
                if after == 0 {
                    assert_eq!((books.applied, books.replied), (0, 0), "{name}: {books:?}");
                }
                flights += 1;
            }
            for after in 0..=down {
                let faults = Faults::new(Lane::new(), Lane::new().after(after, end));
                let key = format!("{name}:down:{end:?}:{after}");
                let (_, books) = fly(transport, server, &terms, faults, &key);
                if after < down {
                    assert!(books.replied < COMMANDS as u64, "{name}: {books:?}");
                }
                flights += 1;
            }
        }
        println!("{name}: {flights} cuts");
    });
}

#[test]
fn pieces_of_every_size_and_delays_change_nothing() {
    each(|transport, server| {
        for resp3 in [false, true] {
            let terms = Terms {
                resp3,
                patience: Duration::from_secs(5),
                ..Terms::DEFAULT
            };
            for bytes in [1, 2, 3, 7, 19] {
                let lane = Lane::new().pieces_of(bytes);
                let key = format!("{}:pieces:{bytes}:{resp3}", transport.name());
                let faults = Faults::new(lane.clone(), lane);
                let (flight, books) = fly(transport, server, &terms, faults, &key);
                assert_eq!(books.replied, COMMANDS as u64, "{flight:?}");
            }
            let slow = Lane::new()
                .delay(Duration::from_millis(15))
                .bytes_per_second(4000);
            let key = format!("{}:slow:{resp3}", transport.name());
            let (flight, books) = fly(
                transport,
                server,
                &terms,
                Faults::new(slow.clone(), slow),
                &key,
            );
            assert_eq!(books.replied, COMMANDS as u64, "{flight:?}");
        }
    });
}

#[test]
fn a_stall_of_either_direction_ends_within_the_patience() {
    each(|transport, server| {
        let terms = Terms {
            patience: Duration::from_millis(300),
            ..Terms::DEFAULT
        };
        for (direction, after) in [("up", 0), ("up", 40), ("down", 0), ("down", 6)] {
            let stall = Lane::new().after(after, End::Stall);
            let faults = match direction {
                "up" => Faults::new(stall, Lane::new()),
                _ => Faults::new(Lane::new(), stall),
            };
            let key = format!("{}:stall:{direction}:{after}", transport.name());
            let (flight, books) = fly(transport, server, &terms, faults, &key);
            // Where the handshake was stalled, nothing has left.
            let ended = books.unknown + books.not_sent;
            assert!(books.replied < COMMANDS as u64 && ended > 0, "{flight:?}");
        }
    });
}

#[test]
fn a_peer_that_stops_reading_is_given_up() {
    each(|transport, server| {
        let terms = Terms {
            patience: Duration::from_millis(400),
            tx: 64 * 1024 * 1024,
            ..Terms::DEFAULT
        };
        // More than the proxy's line, the sockets and the board hold.
        let faults = Faults::new(Lane::new().after(10_000, End::Stall), Lane::new());
        let proxy = Proxy::start(server, faults).expect("a loopback port");
        let mut list = respipe_core::encode::CommandList::new();
        let value = vec![b'x'; 1024 * 1024];
        for _ in 0..48 {
            list.push(&respipe_core::cmd("ECHO").arg(&value[..]))
                .expect("a command");
        }
        let flight = transport.flight(proxy.address(), &terms, &list);
        let ends = flight
            .one_each()
            .unwrap_or_else(|wrong| panic!("{}: {wrong}", transport.name()));
        let told = ends
            .iter()
            .filter(|end| matches!(end, trials::End::Ended(_)))
            .count();
        assert_eq!(
            told,
            48,
            "{}: none was answered: {:?}",
            transport.name(),
            flight.error
        );
    });
}

#[test]
fn a_server_killed_and_started_again_leaves_books_that_balance() {
    // Each has its own: it is killed.
    for transport in &all() {
        let Some(mut server) = server() else { return };
        let name = transport.name();
        let terms = Terms {
            patience: Duration::from_millis(600),
            ..Terms::DEFAULT
        };
        let slow = Lane::new().delay(Duration::from_millis(60));
        let proxy =
            Proxy::start(server.address(), Faults::new(slow.clone(), slow)).expect("a port");
        let (address, commands) = (proxy.address(), Books::incrs("k", COMMANDS));
        let flight = thread::scope(|scope| {
            let flight = scope.spawn(|| transport.flight(address, &terms, &commands));
            thread::sleep(Duration::from_millis(90));
            server.kill().expect("killed");
            flight.join().expect("no panic")
        });
        // What it had counted is gone with it: only that each command ended once can be said.
        let ends = flight
            .one_each()
            .unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        assert_eq!(ends.len(), COMMANDS);
        server.restart().expect("started again");
        let key = "after";
        let (_, books) = fly(
            transport.as_ref(),
            server.address(),
            &terms,
            Faults::none(),
            key,
        );
        assert_eq!(books.replied, COMMANDS as u64, "{name}");
    }
}
