//! Making room, the outbox, the series of ids and the outcomes.

use super::messages::message;
use super::replies::every_way;
use crate::boundary::{Buffer, flag, number};
use core::hint::black_box;
use respipe_core::encode::{Template, cmd};
use respipe_core::pipeline::{Inline, Storage};
use respipe_core::telemetry::{Answer, Id, Outbox, Outcome, Series, WhenFull};
use respipe_core::{Fate, Framer, Instant, Pipeline, Reply, template};
use static_cell::ConstStaticCell;

const ADD: Template<2> = template!("XADD", "samples", _, "v", _).replayable();

static PIPELINE: ConstStaticCell<Pipeline<Inline<512, 256, 8>>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));

#[inline(never)]
pub fn room() {
    if let Some(pipeline) = PIPELINE.try_take() {
        kept(black_box(pipeline));
        outbox(black_box(pipeline));
        series(black_box(pipeline));
    }
}

fn now() -> Instant {
    Instant::from_micros(number())
}

#[inline(never)]
fn kept<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    black_box(pipeline.drop_oldest());
    black_box(pipeline.withdraw_newest(|tag| u64::from(*tag) == number()));
    black_box((pipeline.compact(), pipeline.was_sent_before()));
    let polled = pipeline.poll_event_with(|event, sent_before| {
        black_box((event, sent_before));
    });
    black_box(polled).ok();
}

#[inline(never)]
fn outbox<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    let mut outbox = Outbox::new(match flag() {
        true => WhenFull::RefuseNew,
        false => WhenFull::DropOldest,
    });
    let id = Id {
        ms: number(),
        seq: number(),
    };
    let add = ADD.with((id, number()));
    black_box(outbox.push(pipeline, &add, 1, now())).ok();
    let told = outbox.push_telling(pipeline, &add, 1, now(), |tag, fate| {
        black_box((tag, fate));
    });
    black_box(told).ok();
    let text = Buffer::new();
    let set = cmd("SET").args((text.bytes(), number())).replayable();
    let same = |tag: &u32| u64::from(*tag) == number();
    black_box(outbox.push_latest(pipeline, &set, 2, now(), same)).ok();
    black_box(outbox.counts());
}

#[inline(never)]
fn series<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    let (text, wire) = (Buffer::new(), Buffer::new());
    let mut series = black_box(match flag() {
        true => Series::new(),
        false => Series::above(Id::parse(text.bytes()).unwrap_or_default()),
    });
    black_box(series.must_ask());
    black_box(series.ask(pipeline, text.text(), 3, now())).ok();
    if let Ok(Some(frame)) = Framer::new().frame(wire.bytes()) {
        let reply = Reply::new(wire.bytes(), frame);
        black_box(series.answered(&reply)).ok();
        outcomes(Answer::of(&reply));
        every_way(reply);
    }
    black_box((series.next_id(number()), series.last()));
    series.start_again();
    message(&series.last());
}

#[inline(never)]
fn outcomes(answer: Answer) {
    for outcome in [answer.outcome(flag()), Outcome::of_fate(Fate::NotSent)] {
        black_box((outcome, outcome.is_stored(), outcome.is_lost()));
    }
}
