//! What bad input gets: a named outcome each time, and a link that goes on.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration as Pause;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use respipe_core::login::Protocol;
use respipe_core::pipeline::{Event, PipelineError, Rejected};
use respipe_core::telemetry::Outcome;
use respipe_core::{Command, Login, cmd};
use respipe_smoltcp::{Lost, Notice};

use crate::device::Device;
use crate::server::{ask, server};

/// A server that is none: each connection is played by this, with its number.
fn stub(play: impl Fn(usize, &mut TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            play(number, &mut stream);
        }
    });
    address
}

/// Reads once, and says this.
fn answer(stream: &mut TcpStream, text: &str) {
    let mut came = [0; 4096];
    if stream.read(&mut came).is_ok_and(|n| n > 0) {
        let _ = stream.write_all(text.as_bytes());
    }
}

fn device(server: SocketAddr, login: Option<&'static Login<'static>>) -> Device {
    let mut device = Device::new(server);
    if let Some(login) = login {
        device.pipeline.storage_mut().set_login(login);
    }
    device
}

/// Runs until the link was lost so often; why, and how many attempts had failed before each.
fn losses(device: &mut Device, times: usize) -> (Vec<Lost>, Vec<u32>) {
    let lost = |notice: &Notice| match notice {
        Notice::Lost { why, .. } => Some(*why),
        _ => None,
    };
    device.run("losses", |device| {
        device.notices.iter().filter_map(lost).count() >= times
    });
    let failures = device.notices.iter().filter_map(|notice| match notice {
        Notice::Connecting { failures, .. } => Some(*failures),
        _ => None,
    });
    let failures = failures.collect();
    let why = device.notices.iter().filter_map(lost).collect();
    (why, failures)
}

/// Submits a command, and shows what became of it.
fn outcome(device: &mut Device, command: &impl Command) -> String {
    let now = device.board.now();
    device.pipeline.submit(command, 1, now).unwrap();
    let start = std::time::Instant::now();
    loop {
        let notice = device.board.turn(&mut device.link, &mut device.pipeline);
        device.notices.extend(notice);
        while let Ok(Some(event)) = device.pipeline.poll_event() {
            match event {
                Event::Reply { reply, .. } => {
                    return String::from_utf8_lossy(reply.as_raw()).into_owned();
                }
                Event::TooLarge { bytes, .. } => return format!("too large: {bytes}"),
                Event::Ended { fate, .. } => return format!("{fate:?}"),
                _ => {}
            }
        }
        assert!(start.elapsed() < Pause::from_secs(10), "{:?}", device.link);
        device.board.rest(&device.link, &mut device.pipeline);
    }
}

#[test]
fn a_reply_larger_than_the_buffer_costs_its_command_alone() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    ask(
        server.address(),
        &format!("SET large {}", "x".repeat(20_000)),
    );
    let mut device = Device::new(server.address());
    let large = outcome(&mut device, &cmd("GET").arg("large"));
    assert_eq!(large, "too large: 20010");
    assert_eq!(
        outcome(&mut device, &cmd("STRLEN").arg("large")),
        ":20000\r\n"
    );
    let ups = device.notices.iter().filter(|n| **n == Notice::Up).count();
    assert_eq!(ups, 1, "on one connection");
}

#[test]
fn an_argument_larger_than_the_socket_s_buffer_goes_through_it() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    let mut device = Device::new(server.address());
    let set = cmd("SET").args(("k", [b'x'; 1900]));
    assert_eq!(outcome(&mut device, &set), "+OK\r\n");
    let now = device.board.now();
    let error = device
        .pipeline
        .submit(&cmd("SET").args(("k", [b'x'; 2100])), 1, now)
        .unwrap_err();
    assert!(matches!(error.reason, Rejected::TooLong { .. }));
}

static WRONG: Login<'static> = Login {
    protocol: Protocol::Auto,
    password: "wrong",
    ..Login::NONE
};

#[test]
fn a_wrong_password_is_told_in_the_server_s_words_and_tried_again_ever_more_slowly() {
    let Some(server) = server(|launch| launch.password("right")) else {
        return;
    };
    let mut device = device(server.address(), Some(&WRONG));
    let (why, failures) = losses(&mut device, 4);
    let refused = Lost::Pipeline(PipelineError::LoginRefused);
    assert_eq!(why, [refused; 4]);
    assert_eq!(failures, [0, 1, 2, 3]);
    assert!(device.pipeline.last_words().starts_with(b"WRONGPASS"));
}

#[test]
fn a_server_that_does_not_know_hello_is_spoken_to_in_resp2() {
    static AUTO: Login<'static> = Login {
        protocol: Protocol::Auto,
        ..Login::NONE
    };
    let Some(server) = server(|launch| launch.config("rename-command HELLO \"\"")) else {
        return;
    };
    let mut device = device(server.address(), Some(&AUTO));
    assert_eq!(outcome(&mut device, &cmd("PING")), "+PONG\r\n");
    assert!(!device.pipeline.is_resp3());
}

#[test]
fn a_server_that_is_not_redis_is_named_so() {
    for text in [
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail.example ESMTP\r\n",
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}F",
    ] {
        let address = stub(move |_, stream| answer(stream, text));
        let mut device = Device::new(address);
        let (why, failures) = losses(&mut device, 3);
        assert!(
            why.iter().all(|why| matches!(why, Lost::NotRedis(_))),
            "{text:?}: {why:?}"
        );
        assert_eq!(failures, [0, 1, 2]);
    }
}

#[test]
fn a_server_that_is_full_is_heard_and_left_alone_for_longer_each_time() {
    let farewell = "-ERR max number of clients reached\r\n";
    let address = stub(move |_, stream| {
        let _ = stream.write_all(farewell.as_bytes());
    });
    for login in [None, Some(&Login::NONE)] {
        let mut device = device(address, login);
        let (why, failures) = losses(&mut device, 4);
        assert_eq!(failures, [0, 1, 2, 3], "{why:?}");
        assert!(
            device.pipeline.last_words().starts_with(b"ERR max number"),
            "{why:?}"
        );
    }
}

#[test]
fn a_server_that_still_loads_gets_no_samples_until_it_has() {
    let address = stub(|number, stream| {
        for text in match number {
            0..3 => ["-LOADING Redis is loading the dataset in memory\r\n", ""],
            _ => ["+PONG\r\n", "-ERR no such key\r\n"],
        } {
            answer(stream, text);
        }
        thread::sleep(Pause::from_millis(50));
    });
    let mut device = Device::new(address);
    device.run("the server", |device| device.series.next_id(9).is_some());
    let (why, failures) = losses(&mut device, 3);
    assert_eq!(why[..3], [Lost::Pipeline(PipelineError::LoginRefused); 3]);
    assert_eq!(failures[..4], [0, 1, 2, 3]);
}

#[test]
fn a_read_only_replica_refuses_each_sample_by_name() {
    let Some(server) = server(|launch| launch.config("replicaof 127.0.0.1 1")) else {
        return;
    };
    let mut device = Device::new(server.address());
    device.pending.push(1);
    device.run("the refusal", |device| device.outcomes.contains_key(&1));
    let Outcome::Refused(code) = device.outcomes[&1] else {
        panic!("{:?}", device.outcomes)
    };
    assert_eq!(code.as_bytes(), b"READONLY");
}

#[test]
fn a_server_that_drips_is_waited_for_and_one_that_stalls_half_way_is_left() {
    let address = stub(|number, stream| {
        answer(stream, "+PONG\r\n");
        let mut came = [0; 64];
        let _ = stream.read(&mut came);
        let reply = "$11\r\nhello world\r\n";
        let said = if number == 0 { 7 } else { reply.len() };
        for byte in &reply.as_bytes()[..said] {
            thread::sleep(Pause::from_millis(2));
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
        // Until the client has had enough.
        let _ = stream.read(&mut came);
    });
    let mut device = Device::new(address);
    let echo = cmd("ECHO").arg("hello world").replayable();
    assert_eq!(outcome(&mut device, &echo), "$11\r\nhello world\r\n");
    let (why, _) = losses(&mut device, 1);
    assert_eq!(why, [Lost::Pipeline(PipelineError::Silence)]);
}

#[test]
fn a_server_that_closes_at_once_is_not_hammered() {
    for login in [None, Some(&Login::NONE)] {
        let address = stub(|_, _| {});
        let mut device = device(address, login);
        let (_, failures) = losses(&mut device, 5);
        assert_eq!(failures, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_server_that_answers_once_and_closes_is_not_hammered() {
    let address = stub(|_, stream| {
        answer(stream, "+PONG\r\n");
        answer(stream, "+PONG\r\n");
        // The next one kills it.
        let _ = stream.read(&mut [0; 64]);
    });
    let mut device = device(address, None);
    let Device {
        board,
        link,
        pipeline,
        ..
    } = &mut device;
    let start = std::time::Instant::now();
    let mut failed = Vec::new();
    while failed.len() < 5 {
        if let Some(Notice::Connecting { failures, .. }) = board.turn(link, pipeline) {
            failed.push(failures);
        }
        while let Ok(Some(_)) = pipeline.poll_event() {}
        if link.is_up() && pipeline.in_flight() == 0 {
            let now = board.now();
            pipeline.submit(&cmd("PING"), 1, now).unwrap();
        }
        board.rest(link, pipeline);
        assert!(start.elapsed() < Pause::from_secs(5), "{failed:?}");
    }
    assert_eq!(failed, [0, 1, 2, 3, 4]);
}
