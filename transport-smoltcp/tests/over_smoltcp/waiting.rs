//! A server that is not reached: what is told meanwhile, and what it is called.

use crate::board::{Board, Told};
use crate::link::{SETTINGS, pipeline};
use core::net::SocketAddr;
use respipe_core::pipeline::{Config, Event, Resend};
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Fate, cmd};
use respipe_smoltcp::{Link, Lost, Notice, Settings};

const SLOW: Backoff = Backoff {
    first_delay: Duration::from_secs(60),
    max_delay: Duration::from_secs(60),
};

/// A board whose cable is cut.
fn board() -> Board {
    let board = Board::new(SocketAddr::from(([127, 0, 0, 1], 1)), 1024);
    board.net.cable.borrow_mut().cut = true;
    board
}

/// Queues a command that may wait for 50 ms, and waits for its end.
fn is_told(board: &mut Board, link: &mut Link<'_>) {
    let mut pipeline = pipeline();
    pipeline.configure(Config {
        resend: Resend::Replayable,
        reply_timeout: Duration::from_millis(50),
        ..Config::DEFAULT
    });
    let now = board.now();
    pipeline.submit(&cmd("INCR").arg("n"), 1, now).unwrap();
    board.run(link, &mut pipeline, |told| match told {
        Told::Event(Event::Ended { tag: 1, fate }) => {
            assert_eq!(fate, Fate::NotSent);
            true
        }
        _ => false,
    });
    let late = board.now().since(now);
    assert!(late < Duration::from_millis(500), "{late:?}");
}

#[test]
fn a_reply_time_out_ends_what_waits_for_a_link_that_connects_or_backs_off() {
    let settings = Settings {
        backoff: SLOW,
        ..SETTINGS
    };
    let mut board = board();
    let mut link = Link::new(&settings);
    is_told(&mut board, &mut link);
    // Now somebody refuses.
    board.net.cable.borrow_mut().cut = false;
    board.net.listens = false;
    board.run(&mut link, &mut pipeline(), |told| {
        matches!(told, Told::Notice(Notice::Lost { .. }))
    });
    is_told(&mut board, &mut link);
}

/// Its probes are missed long before any attempt is given up.
const HASTY: Settings = Settings {
    keep_alive: Duration::from_millis(50),
    ack_timeout: Duration::from_millis(50),
    ..SETTINGS
};

/// A link that was refused once, so that it knows the way, and is now without a network.
fn cut_off(settings: &Settings) -> (Board, Link<'_>) {
    let (mut board, mut link) = (board(), Link::new(settings));
    board.net.cable.borrow_mut().cut = false;
    board.net.listens = false;
    board.run(&mut link, &mut pipeline(), |told| match told {
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::Refused);
            true
        }
        _ => false,
    });
    board.net.cable.borrow_mut().cut = true;
    (board, link)
}

#[test]
fn an_attempt_that_nobody_answers_is_too_late_and_not_refused() {
    let settings = Settings {
        connect_timeout: Duration::from_millis(300),
        ..HASTY
    };
    let (mut board, mut link) = cut_off(&settings);
    board.run(&mut link, &mut pipeline(), |told| match told {
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::ConnectTimeout);
            true
        }
        _ => false,
    });
}

#[test]
fn without_a_connect_time_out_an_attempt_goes_on_for_ever() {
    let settings = Settings {
        connect_timeout: Duration::ZERO,
        ..HASTY
    };
    let (mut board, mut link) = cut_off(&settings);
    let start = std::time::Instant::now();
    let mut notices = 0;
    board.run(&mut link, &mut pipeline(), |told| {
        notices += u32::from(matches!(told, Told::Notice(_)));
        start.elapsed().as_millis() >= 500
    });
    assert_eq!(notices, 1, "it connects");
}
