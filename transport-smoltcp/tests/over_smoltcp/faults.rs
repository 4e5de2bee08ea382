//! Samples while everything goes wrong that a cable, a server and a device can do.

use std::collections::BTreeSet;

use crate::device::{Device, KEY};
use crate::server::{durable, server, stream};

/// Faults of an ordinary run, three of each kind; `RESPIPE_FAULTS` says otherwise, and `RESPIPE_SEED` how long each takes.
const FAULTS: u64 = 18;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_sample_is_stored_once_whatever_happens() {
    let Some(mut server) = server(durable) else {
        return;
    };
    let mut random = fastrand::Rng::with_seed(number("RESPIPE_SEED").unwrap_or(3));

    let mut device = Device::new(server.address());
    device.clock = 1_000_000;
    let mut next = 0;
    // Samples that were only in the memory of a device that was reset.
    let mut forgotten = BTreeSet::new();
    for fault in 0..number("RESPIPE_FAULTS").unwrap_or(FAULTS) {
        for _ in 0..random.u32(1..40) {
            device.pending.push(next);
            next += 1;
        }
        device.clock += 1;
        device.run_for(random.u64(1..20));
        match fault % 6 {
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
}
