//! SUBSCRIBE and its kin, in both versions of the protocol: n confirmations instead of a reply (FACTS of Redis 6.2 to 8.2).

use respipe_core::pipeline::Rejected;
use respipe_core::session::Refusal;

use super::{aggregate, bulk};
use crate::conformance::scenario::Scenario;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for version in [RESP2, RESP3] {
        all.extend([
            version.each_channel_is_confirmed(),
            version.a_channel_named_twice_is_confirmed_twice(),
            version.unsubscribing_from_all(),
            version.unsubscribing_without_a_subscription(),
            version.channels_and_patterns_count_together(),
            version.shard_channels_count_apart(),
            version.a_refused_subscription_is_one_reply(),
            version.only_one_channel_at_a_time_inside_multi(),
            version.a_confirmation_larger_than_memory(),
        ]);
    }
    all.push(messages_over_resp2_are_pushes_until_the_last_unsubscription());
    all.push(publishing_behind_a_subscription_in_multi_needs_resp3());
    all
}

#[derive(Clone, Copy)]
struct Version {
    new: fn(&'static str) -> Scenario,
    kind: char,
    names: [&'static str; 9],
}

const RESP2: Version = Version {
    new: Scenario::new,
    kind: '*',
    names: [
        "RESP2: each channel is confirmed",
        "RESP2: a channel named twice is confirmed twice",
        "RESP2: unsubscribing from all",
        "RESP2: unsubscribing without a subscription",
        "RESP2: channels and patterns count together",
        "RESP2: shard channels count apart",
        "RESP2: a refused subscription is one reply",
        "RESP2: only one channel at a time inside MULTI",
        "RESP2: a confirmation larger than memory",
    ],
};

const RESP3: Version = Version {
    new: Scenario::resp3,
    kind: '>',
    names: [
        "RESP3: each channel is confirmed",
        "RESP3: a channel named twice is confirmed twice",
        "RESP3: unsubscribing from all",
        "RESP3: unsubscribing without a subscription",
        "RESP3: channels and patterns count together",
        "RESP3: shard channels count apart",
        "RESP3: a refused subscription is one reply",
        "RESP3: only one channel at a time inside MULTI",
        "RESP3: a confirmation larger than memory",
    ],
};

impl Version {
    fn scenario(self, name: usize) -> Scenario {
        (self.new)(self.names[name])
    }

    fn confirmation(self, kind: &str, channel: Option<&str>, count: u32) -> Vec<u8> {
        let channel = channel.map_or(b"$-1\r\n".to_vec(), bulk);
        let count = format!(":{count}\r\n");
        aggregate(self.kind, &[&bulk(kind), &channel, count.as_bytes()])
    }

    /// The command is answered with these confirmations: the last one is told as its reply, those before as pushes.
    fn confirmed(
        self,
        scenario: Scenario,
        tag: u32,
        request: &str,
        confirmations: &[(Option<&str>, u32)],
    ) -> Scenario {
        let kind = request.split(' ').next().unwrap_or_default().to_lowercase();
        let wires = confirmations
            .iter()
            .map(|(channel, count)| self.confirmation(&kind, *channel, *count));
        let wires: Vec<Vec<u8>> = wires.collect();
        let mut scenario = scenario.call(tag, request, wires.concat());
        for (n, wire) in wires.iter().enumerate() {
            scenario = if n + 1 == wires.len() {
                scenario.reply(tag, wire)
            } else {
                scenario.expect(crate::conformance::Outcome::Push(wire.clone()))
            };
        }
        scenario
    }

    /// PING is allowed whatever is subscribed; over RESP2 it is answered as a message would be.
    fn ping(self, scenario: Scenario, tag: u32, subscribed: bool) -> Scenario {
        let pong = aggregate('*', &[&bulk("pong"), &bulk("")]);
        match (self.kind, subscribed) {
            ('*', true) => scenario.exchange(tag, "PING", pong),
            _ => scenario.exchange(tag, "PING", "+PONG\r\n"),
        }
    }

    fn each_channel_is_confirmed(self) -> Scenario {
        let channels = [(Some("a"), 1), (Some("b"), 2), (Some("c"), 3)];
        let scenario = self.scenario(0).exchange(1, "GET k", bulk("v"));
        let scenario = self.confirmed(scenario, 2, "SUBSCRIBE a b c", &channels);
        let scenario = self.ping(scenario, 3, true);
        let scenario = self.confirmed(
            scenario,
            4,
            "UNSUBSCRIBE b x",
            &[(Some("b"), 2), (Some("x"), 2)],
        );
        self.ping(scenario, 5, true)
    }

    fn a_channel_named_twice_is_confirmed_twice(self) -> Scenario {
        let scenario = self.confirmed(
            self.scenario(1),
            1,
            "SUBSCRIBE a a",
            &[(Some("a"), 1), (Some("a"), 1)],
        );
        let scenario = self.ping(scenario, 2, true);
        let scenario = self.confirmed(scenario, 3, "UNSUBSCRIBE", &[(Some("a"), 0)]);
        self.ping(scenario, 4, false)
    }

    fn unsubscribing_from_all(self) -> Scenario {
        let scenario = self.confirmed(
            self.scenario(2),
            1,
            "SUBSCRIBE a b",
            &[(Some("a"), 1), (Some("b"), 2)],
        );
        let scenario = self.confirmed(
            scenario,
            2,
            "UNSUBSCRIBE",
            &[(Some("b"), 1), (Some("a"), 0)],
        );
        self.ping(scenario, 3, false)
            .exchange(4, "GET k", bulk("v"))
    }

    fn unsubscribing_without_a_subscription(self) -> Scenario {
        let scenario = self.confirmed(self.scenario(3), 1, "UNSUBSCRIBE", &[(None, 0)]);
        let scenario = self.confirmed(scenario, 2, "PUNSUBSCRIBE", &[(None, 0)]);
        let scenario = self.confirmed(
            scenario,
            3,
            "UNSUBSCRIBE a b",
            &[(Some("a"), 0), (Some("b"), 0)],
        );
        self.ping(scenario, 4, false)
    }

    fn channels_and_patterns_count_together(self) -> Scenario {
        let scenario = self.confirmed(self.scenario(4), 1, "SUBSCRIBE a", &[(Some("a"), 1)]);
        let scenario = self.confirmed(
            scenario,
            2,
            "PSUBSCRIBE b* c*",
            &[(Some("b*"), 2), (Some("c*"), 3)],
        );
        let scenario = self.confirmed(scenario, 3, "UNSUBSCRIBE", &[(Some("a"), 2)]);
        let scenario = self.ping(scenario, 4, true);
        let scenario = self.confirmed(scenario, 5, "UNSUBSCRIBE", &[(None, 2)]);
        let scenario = self.confirmed(
            scenario,
            6,
            "PUNSUBSCRIBE",
            &[(Some("c*"), 1), (Some("b*"), 0)],
        );
        self.ping(scenario, 7, false)
    }

    fn shard_channels_count_apart(self) -> Scenario {
        let scenario = self.confirmed(self.scenario(5), 1, "SUBSCRIBE a", &[(Some("a"), 1)]);
        let scenario = self.confirmed(scenario, 2, "SSUBSCRIBE s", &[(Some("s"), 1)]);
        let scenario = self.confirmed(scenario, 3, "UNSUBSCRIBE", &[(Some("a"), 0)]);
        let scenario = self.confirmed(scenario, 4, "SUNSUBSCRIBE", &[(Some("s"), 0)]);
        self.ping(scenario, 5, false)
    }

    fn a_refused_subscription_is_one_reply(self) -> Scenario {
        self.scenario(6)
            .exchange(
                1,
                "SUBSCRIBE a b c",
                "-NOPERM no permissions to access a channel\r\n",
            )
            .exchange(2, "GET k", bulk("v"))
    }

    fn only_one_channel_at_a_time_inside_multi(self) -> Scenario {
        let refused = Rejected::Refused(Refusal::SubscribeInMulti);
        let confirmation = self.confirmation("subscribe", Some("a"), 1);
        let scenario = self
            .scenario(7)
            .submit(1, "MULTI")
            .rejected(2, "SUBSCRIBE a b", refused)
            .rejected(3, "UNSUBSCRIBE", refused)
            .serve("MULTI", "+OK\r\n")
            .reply(1, "+OK\r\n");
        let scenario = scenario.exchange(4, "SUBSCRIBE a", "+QUEUED\r\n").exchange(
            5,
            "EXEC",
            aggregate('*', &[&confirmation]),
        );
        self.ping(scenario.run(), 6, true)
    }

    /// The confirmation is skipped, yet it is one: what comes behind it belongs to those behind it.
    fn a_confirmation_larger_than_memory(self) -> Scenario {
        let channel = "c".repeat(200);
        let confirmation = self.confirmation("subscribe", Some(&channel), 1);
        let request = format!("SUBSCRIBE {channel}");
        let scenario = self
            .scenario(8)
            .sizes(512, 64, 8)
            .call(1, request.as_str(), &confirmation)
            .expect(crate::conformance::Outcome::TooLarge {
                tag: 1,
                kind: if self.kind == '*' {
                    respipe_core::Kind::Array
                } else {
                    respipe_core::Kind::Push
                },
                bytes: confirmation.len() as u64,
                head: confirmation,
            });
        let message = aggregate(self.kind, &[&bulk("message"), &bulk("c"), &bulk("x")]);
        self.ping(scenario, 2, true).push(message)
    }
}

fn messages_over_resp2_are_pushes_until_the_last_unsubscription() -> Scenario {
    let message = aggregate('*', &[&bulk("message"), &bulk("a"), &bulk("hello")]);
    let pmessage = aggregate(
        '*',
        &[&bulk("pmessage"), &bulk("a*"), &bulk("a"), &bulk("hi")],
    );
    let scenario = Scenario::new("messages over RESP2 are pushes until the last unsubscription");
    let scenario = RESP2.confirmed(scenario, 1, "SUBSCRIBE a", &[(Some("a"), 1)]);
    let scenario = scenario.push(&message).push(&pmessage);
    let scenario = RESP2.ping(scenario, 2, true).push(&message);
    let scenario = RESP2.confirmed(scenario, 3, "UNSUBSCRIBE a", &[(Some("a"), 0)]);
    scenario.exchange(4, "LRANGE list 0 -1", message)
}

fn publishing_behind_a_subscription_in_multi_needs_resp3() -> Scenario {
    let confirmation = aggregate('*', &[&bulk("subscribe"), &bulk("a"), b":1\r\n"]);
    Scenario::new("publishing behind a subscription in MULTI needs RESP3")
        .submit(1, "MULTI")
        .submit(2, "SUBSCRIBE a")
        .rejected(3, "PUBLISH a x", Rejected::Refused(Refusal::PublishInMulti))
        .serve("MULTI", "+OK\r\n")
        .reply(1, "+OK\r\n")
        .serve("SUBSCRIBE a", "+QUEUED\r\n")
        .reply(2, "+QUEUED\r\n")
        .exchange(4, "EXEC", aggregate('*', &[&confirmation]))
        .push(aggregate('*', &[&bulk("message"), &bulk("a"), &bulk("x")]))
}
