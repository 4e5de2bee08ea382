//! The link over a real server: connecting, losing, connecting again, closing.

use crate::board::{Board, SERVER, Told};
use crate::server;
use respipe_core::cmd;
use respipe_core::encode::Command as _;
use respipe_core::pipeline::{Config, Event, Flush, Inline, Pipeline, Resend};
use respipe_core::reconnect::Backoff;
use respipe_core::telemetry::Id;
use respipe_core::{Duration, Fate};
use respipe_smoltcp::{Link, Lost, Notice, Settings};

pub(crate) const SETTINGS: Settings = Settings {
    backoff: Backoff {
        first_delay: Duration::from_millis(5),
        max_delay: Duration::from_millis(40),
    },
    ..Settings::new(SERVER)
};

pub(crate) type Small = Pipeline<Inline<2048, 1024, 16>>;

pub(crate) fn pipeline() -> Small {
    let mut pipeline = Pipeline::new(Inline::new());
    pipeline.configure(Config {
        resend: Resend::Replayable,
        silence_limit: Duration::from_millis(300),
        ..Config::DEFAULT
    });
    pipeline
}

#[test]
fn commands_are_pipelined_over_smoltcp_to_a_real_server() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    let now = board.now();
    for tag in 0..10 {
        pipeline
            .submit(&cmd("RPUSH").args(("list", tag)), tag, now)
            .unwrap();
    }
    let mut lengths = Vec::new();
    board.run(&mut link, &mut pipeline, |told| {
        if let Told::Event(Event::Reply { tag, reply }) = told {
            lengths.push((tag, reply.as_i64().unwrap()));
        }
        lengths.len() == 10
    });
    let expected: Vec<_> = (0..10).map(|tag| (tag, i64::from(tag) + 1)).collect();
    assert_eq!(lengths, expected);
    assert_eq!(board.net.cable.borrow().data_up, 1, "all in one segment");
}

#[test]
fn a_server_that_is_not_there_is_asked_again_from_another_port() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    board.net.listens = false;
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    let mut ports = Vec::new();
    board.run(&mut link, &mut pipeline, |told| match told {
        Told::Notice(Notice::Connecting { port, failures }) => {
            assert_eq!(failures as usize, ports.len());
            assert!(!ports.contains(&port));
            ports.push(port);
            false
        }
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::Refused);
            ports.len() == 5
        }
        _ => false,
    });
    board.net.listens = true;
    board.connect(&mut link, &mut pipeline);
}

#[test]
fn what_may_run_again_goes_out_again_after_a_reset_and_the_rest_is_unknown() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    board.connect(&mut link, &mut pipeline);
    server.pause().unwrap();
    let now = board.now();
    let set = cmd("SET").args(("k", 1)).replayable();
    pipeline.submit(&set, 1, now).unwrap();
    pipeline.submit(&cmd("INCR").arg("n"), 2, now).unwrap();
    let mut turns = 0;
    board.run(&mut link, &mut pipeline, |told| {
        turns += usize::from(matches!(told, Told::Nothing));
        turns == 10
    });
    board.net.reset();
    server.resume().unwrap();
    let mut told_of = Vec::new();
    board.run(&mut link, &mut pipeline, |told| match told {
        Told::Event(Event::Ended { tag, fate }) => {
            assert!(matches!(fate, Fate::Unknown(_)), "{fate:?}");
            told_of.push(tag);
            false
        }
        Told::Event(Event::Reply { tag, reply }) => {
            assert!(reply.is_ok());
            told_of.push(tag);
            true
        }
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::Network);
            false
        }
        _ => false,
    });
    assert_eq!(told_of, [2, 1]);
}

#[test]
fn a_server_that_stands_still_is_seen_by_the_silence_limit_alone() {
    use respipe_core::pipeline::PipelineError;

    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    board.connect(&mut link, &mut pipeline);
    server.pause().unwrap();
    let now = board.now();
    pipeline
        .submit(&cmd("SET").args(("k", 1)).replayable(), 1, now)
        .unwrap();
    board.run(&mut link, &mut pipeline, |told| match told {
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::Pipeline(PipelineError::Silence));
            true
        }
        _ => false,
    });
    server.resume().unwrap();
    board.run(&mut link, &mut pipeline, |told| {
        matches!(told, Told::Event(Event::Reply { tag: 1, .. }))
    });
}

#[test]
fn closing_waits_for_what_is_owed_and_opening_connects_again() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&SETTINGS), pipeline());
    board.connect(&mut link, &mut pipeline);
    let now = board.now();
    for tag in 0..8 {
        pipeline.submit(&cmd("INCR").arg("n"), tag, now).unwrap();
    }
    link.close();
    let mut replies = 0;
    board.run(&mut link, &mut pipeline, |told| {
        replies += usize::from(matches!(told, Told::Event(Event::Reply { .. })));
        matches!(told, Told::Notice(Notice::Closed))
    });
    assert_eq!(replies, 8);
    assert!(link.is_closed());
    link.open();
    board.connect(&mut link, &mut pipeline);
}

const ALERT: Settings = Settings {
    keep_alive: Duration::from_millis(40),
    ack_timeout: Duration::from_millis(80),
    ..SETTINGS
};

#[test]
fn an_idle_connection_stays_and_one_whose_network_is_gone_is_noticed() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 1024);
    let (mut link, mut pipeline) = (Link::new(&ALERT), pipeline());
    board.connect(&mut link, &mut pipeline);
    let idle_until = board.now().after(Duration::from_millis(400));
    while board.now() < idle_until {
        assert_eq!(
            board.turn(&mut link, &mut pipeline),
            None,
            "lost while idle"
        );
        board.rest(&link, &mut pipeline);
    }
    board.net.cable.borrow_mut().cut = true;
    board.run(&mut link, &mut pipeline, |told| match told {
        Told::Notice(Notice::Lost { why, .. }) => {
            assert_eq!(why, Lost::Network);
            true
        }
        _ => false,
    });
}

#[test]
fn batches_of_sixteen_samples_are_a_segment_each_way() {
    let Some(server) = server::server(|launch| launch) else {
        return;
    };
    let mut board = Board::new(server.address(), 2048);
    let mut link = Link::new(&SETTINGS);
    let mut pipeline = Pipeline::new(Inline::<2048, 1024, 32>::new());
    pipeline.configure(Config {
        flush: Flush::AtLeast {
            count: 16,
            bytes: 0,
            age: Duration::from_secs(5),
        },
        ..Config::DEFAULT
    });
    let mut answered = 0;
    for sample in 0..160 {
        let now = board.now();
        let id = Id {
            ms: 1_700_000_000_000,
            seq: u64::from(sample),
        };
        let add = cmd("XADD").args(("samples", id, "celsius", sample));
        assert!(add.encoded_len() < 90);
        pipeline.submit(&add, sample, now).unwrap();
        if sample % 16 < 15 {
            // A turn of the main loop for each sample, as a firmware has.
            board.turn(&mut link, &mut pipeline);
            assert!(pipeline.poll_event().unwrap().is_none());
        } else {
            board.run(&mut link, &mut pipeline, |told| {
                answered += u32::from(matches!(told, Told::Event(Event::Reply { .. })));
                answered > sample
            });
        }
    }
    let cable = board.net.cable.borrow();
    assert_eq!((cable.data_up, cable.data_down), (10, 10));
}
