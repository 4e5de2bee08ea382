//! Samples while everything goes wrong that a cable, a server and a device can do.

use std::collections::BTreeSet;
use std::time;

use crate::device::{Device, KEY};
use crate::server::{durable, server, stream};

/// How long it goes on.
const SPAN: time::Duration = time::Duration::from_secs(5);

#[test]
fn every_sample_is_stored_once_whatever_happens() {
    let Some(mut server) = server(durable) else {
        return;
    };
    let mut random = fastrand::Rng::with_seed(3);
    let mut device = Device::new(server.address());
    device.clock = 1_000_000;
    let start = time::Instant::now();
    let mut next = 0;
    // Samples that were only in the memory of a device that was reset.
    let mut forgotten = BTreeSet::new();
    let mut faults = 0;
    while start.elapsed() < SPAN {
        for _ in 0..random.u32(1..40) {
            device.pending.push(next);
            next += 1;
        }
        device.clock += 1;
        device.run_for(random.u64(1..20));
        faults += 1;
        match random.u32(0..6) {
            0 => device.board.net.reset(),
            1 => {
                server.kill().unwrap();
                device.run_for(random.u64(1..60));
                server.restart().unwrap();
            }
            2 => {
                server.pause().unwrap();
                device.run_for(random.u64(1..400));
                server.resume().unwrap();
            }
            3 => {
                device.board.net.cable.borrow_mut().cut = true;
                device.run_for(random.u64(1..500));
                device.board.net.cable.borrow_mut().cut = false;
            }
            4 => {
                device.board.net.cable.borrow_mut().cut_down = true;
                device.run_for(random.u64(1..500));
                device.board.net.cable.borrow_mut().cut_down = false;
            }
            _ => {
                let told = |n: &u32| !device.outcomes.get(n).is_some_and(|o| o.is_stored());
                forgotten.extend((0..next).filter(told));
                device.pending.clear();
                let back = device.clock.saturating_sub(random.u64(0..2_000));
                device.reset(back);
            }
        }
    }
    device.run("the rest", |device| device.is_idle());
    let entries = stream(server.address(), KEY);
    let stored: BTreeSet<u32> = entries.iter().map(|(_, n)| *n).collect();
    assert_eq!(stored.len(), entries.len(), "some were stored twice");
    for n in 0..next {
        assert!(
            stored.contains(&n) || forgotten.contains(&n),
            "{n} is lost: {:?}",
            device.outcomes.get(&n)
        );
    }
    assert!(next > 500 && faults > 15, "{next} samples, {faults} faults");
}
