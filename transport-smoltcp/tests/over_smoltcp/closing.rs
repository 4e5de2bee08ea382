//! Closing, and changing one's mind.

use crate::board::{Board, Told};
use crate::link::{SETTINGS, pipeline};
use crate::server;
use respipe_core::pipeline::Rejected;
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, cmd};
use respipe_smoltcp::{Link, Notice, Settings};

#[test]
fn opening_while_it_closes_connects_again_once_it_has_closed() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    board.connect(&mut link, &mut pipeline);
    let now = board.now();
    pipeline.submit(&cmd("INCR").arg("n"), 1, now).unwrap();
    link.close();
    board.turn(&mut link, &mut pipeline);
    link.open();
    board.connect(&mut link, &mut pipeline);
    let now = board.now();
    assert!(pipeline.submit(&cmd("INCR").arg("n"), 2, now).is_ok());
    // It sleeps, too.
    board.run(&mut link, &mut pipeline, |told| {
        matches!(told, Told::Event(_))
    });
    assert_eq!(board.link_at(&link, &mut pipeline), None);
}

#[test]
fn a_close_during_the_back_off_does_not_wait_for_its_end() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    board.net.listens = false;
    let slow = &Settings {
        backoff: Backoff {
            first_delay: Duration::from_secs(60),
            max_delay: Duration::from_secs(60),
        },
        ..SETTINGS
    };
    let (mut link, mut pipeline) = (Link::new(slow), pipeline());
    board.run(&mut link, &mut pipeline, |told| {
        matches!(told, Told::Notice(Notice::Lost { .. }))
    });
    let now = board.now();
    assert!(board.link_at(&link, &mut pipeline) > Some(now));
    link.close();
    assert!(board.link_at(&link, &mut pipeline) <= Some(board.now()));
    assert_eq!(board.turn(&mut link, &mut pipeline), Some(Notice::Closed));
    assert_eq!(board.link_at(&link, &mut pipeline), None);
}

#[test]
fn opened_again_it_keeps_samples_though_the_server_is_not_there_yet() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    board.connect(&mut link, &mut pipeline);
    link.close();
    board.run(&mut link, &mut pipeline, |told| {
        matches!(told, Told::Notice(Notice::Closed))
    });
    let set = cmd("SET").args(("k", 1)).replayable();
    let now = board.now();
    let refused = pipeline.submit(&set, 1, now).unwrap_err();
    assert_eq!(refused.reason, Rejected::Closed);
    board.net.listens = false;
    link.open();
    board.run(&mut link, &mut pipeline, |told| {
        matches!(told, Told::Notice(Notice::Lost { .. }))
    });
    let now = board.now();
    pipeline.submit(&set, 1, now).unwrap();
}
