//! Samples stored exactly once, and the limits of it, each as `respipe_core::telemetry` states it.

use respipe_core::telemetry::{Id, Outcome, Series};
use respipe_testkit::process::ServerProcess;

use crate::device::{Device, KEY};
use crate::server::{ask, ask_to, durable, on_every_server, server, stream};

fn numbers(server: &ServerProcess) -> Vec<u32> {
    let entries = stream(server.address(), KEY);
    entries.into_iter().map(|(_, n)| n).collect()
}

/// Makes a sample of which the server takes notice, and whose reply does not come through.
fn store_unheard(device: &mut Device, sample: u32, seen: impl Fn() -> bool) {
    device.board.net.cable.borrow_mut().cut_down = true;
    device.pending.push(sample);
    device.run("the server to see it", |_| seen());
    // A little more, so that the reply is lost and not late.
    device.run_for(5);
}

/// The network forgets the connection; then it works again.
fn lose_connection(device: &mut Device) {
    device.board.net.reset();
    let mut cable = device.board.net.cable.borrow_mut();
    (cable.cut, cable.cut_down) = (false, false);
}

#[test]
fn a_sample_whose_reply_was_lost_is_sent_again_and_stored_once_on_every_server() {
    on_every_server(|server| {
        let mut device = Device::new(server.address());
        device.store(0..3);
        let address = server.address();
        store_unheard(&mut device, 3, || {
            ask_to::<u32>(address, "XLEN samples") == 4
        });
        lose_connection(&mut device);
        device.store(4..6);
        let (name, version) = (server.name(), server.version());
        assert_eq!(
            device.outcomes[&3],
            Outcome::StoredBefore,
            "{name} {version}"
        );
        assert_eq!(numbers(server), [0, 1, 2, 3, 4, 5], "{name} {version}");
    });
}

#[test]
fn a_clock_behind_the_stream_is_an_error_of_its_own_on_every_server() {
    on_every_server(|server| {
        ask(server.address(), "XADD samples 1000-5 n 0");
        let mut device = Device::new(server.address());
        // It trusts its clock, which is wrong.
        device.series = Series::above(Id::ZERO);
        device.clock = 7;
        device.pending.push(1);
        let mut behind = false;
        device.run("outcomes", |device| {
            behind |= device.outcomes.get(&1) == Some(&Outcome::Behind);
            behind && device.is_idle()
        });
        assert_eq!(device.outcomes[&1], Outcome::Stored, "with an id above");
        let entries = stream(server.address(), KEY);
        assert_eq!(entries, [("1000-5".into(), 0), ("1000-6".into(), 1)]);
    });
}

#[test]
fn a_device_that_is_reset_goes_on_above_the_last_id_whatever_its_clock() {
    on_every_server(|server| {
        let mut device = Device::new(server.address());
        device.clock = 1_700_000_000_000;
        device.store(0..20);
        // All entries are gone, the last id is not.
        ask(server.address(), "XTRIM samples MAXLEN 0");
        device.reset(3);
        device.store(20..40);
        assert!(
            (20..40).all(|n| device.outcomes[&n] == Outcome::Stored),
            "{:?}",
            device.outcomes
        );
        let entries = stream(server.address(), KEY);
        let last = Id::parse(entries[19].0.as_bytes()).unwrap();
        assert_eq!((last.ms, last.seq), (1_700_000_000_000, 39));
    });
}

#[test]
fn a_second_writer_is_seen_at_the_first_attempt() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    let mut device = Device::new(server.address());
    device.store(0..2);
    ask(server.address(), "XADD samples 99999-0 n 77");
    device.pending.push(2);
    let mut behind = false;
    device.run("outcomes", |device| {
        behind |= device.outcomes.get(&2) == Some(&Outcome::Behind);
        behind && device.is_idle()
    });
    assert_eq!(numbers(&server), [0, 1, 77, 2]);
}

#[test]
fn limit_one_writer_a_second_writer_makes_a_lost_sample_look_stored() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    let mut device = Device::new(server.address());
    device.store(0..2);
    // It leaves the device and gets lost on the way.
    device.board.net.cable.borrow_mut().cut = true;
    device.pending.push(2);
    device.run("it to leave", |device| device.pipeline.unanswered() == 1);
    ask(server.address(), "XADD samples 99999-0 n 77");
    lose_connection(&mut device);
    device.store(3..3);
    assert_eq!(device.outcomes[&2], Outcome::StoredBefore);
    assert_eq!(numbers(&server), [0, 1, 77]);
}

#[test]
fn a_refusal_that_was_heard_is_told_and_the_sample_can_be_pushed_again() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    let mut device = Device::new(server.address());
    device.store(0..2);
    ask(server.address(), "CONFIG SET maxmemory 1");
    device.pending.push(2);
    device.run("the refusal", |device| device.outcomes.contains_key(&2));
    let Outcome::Refused(code) = device.outcomes[&2] else {
        panic!("{:?}", device.outcomes)
    };
    assert_eq!(code.as_bytes(), b"OOM");
    ask(server.address(), "CONFIG SET maxmemory 0");
    device.run("the sample", |device| device.is_idle());
    assert_eq!(numbers(&server), [0, 1, 2]);
}

#[test]
fn limit_a_refusal_that_was_lost_makes_a_sample_look_stored() {
    let Some(server) = server(|launch| launch) else {
        return;
    };
    let address = server.address();
    let mut device = Device::new(address);
    device.store(0..2);
    ask(address, "CONFIG SET maxmemory 1");
    let refused = || {
        let stats: String = ask_to(address, "INFO errorstats");
        stats.contains("errorstat_OOM:count=1")
    };
    store_unheard(&mut device, 2, refused);
    ask(address, "CONFIG SET maxmemory 0");
    store_unheard(&mut device, 3, || {
        ask_to::<u32>(address, "XLEN samples") == 3
    });
    lose_connection(&mut device);
    device.store(4..5);
    assert_eq!(device.outcomes[&2], Outcome::StoredBefore);
    assert_eq!(numbers(&server), [0, 1, 3, 4]);
}

#[test]
fn limit_durability_is_the_server_s() {
    for keeps in [false, true] {
        let prepare = |launch| if keeps { durable(launch) } else { launch };
        let Some(mut server) = server(prepare) else {
            return;
        };
        let mut device = Device::new(server.address());
        device.store(0..3);
        server.kill().unwrap();
        server.restart().unwrap();
        device.store(3..5);
        assert!((0..5).all(|n| device.outcomes[&n].is_stored()));
        let expected: &[u32] = if keeps { &[0, 1, 2, 3, 4] } else { &[3, 4] };
        assert_eq!(numbers(&server), expected);
    }
}
