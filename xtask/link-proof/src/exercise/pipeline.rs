//! The pipeline: every method, over memory in a static and over borrowed memory.

use super::login::{login, refusal};
use super::messages::message;
use super::replies::every_way;
use crate::boundary::{Buffer, flag, number, size};
use core::hint::black_box;
use respipe_core::encode::{Command, RawCommand, Template, cmd};
use respipe_core::pipeline::{
    Borrowed, Config, Flush, Inline, Oversize, Parts, Rejected, Resend, Slot, Storage, SubmitError,
    Ticket, Token, Window,
};
use respipe_core::{Duration, Event, Instant, Login, Pipeline, template};
use static_cell::ConstStaticCell;

type InStatic = Inline<512, 256, 8>;

static PIPELINE: ConstStaticCell<Pipeline<InStatic>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static LOGIN: Login<'static> = Login::NONE;

#[inline(never)]
pub fn in_a_static() {
    let Some(pipeline) = PIPELINE.try_take() else {
        return;
    };
    pipeline.storage_mut().set_login(black_box(&LOGIN));
    every_method(pipeline);
    black_box(InStatic::default().with_login(&LOGIN));
}

#[inline(never)]
pub fn in_borrowed_memory() {
    let (mut tx, mut rx, text) = (Buffer::new(), Buffer::new(), Buffer::new());
    let mut slots = black_box([Slot::EMPTY; 8]);
    let mut tags = black_box([None; 8]);
    let parts = Parts {
        tx: tx.bytes_mut(),
        rx: rx.bytes_mut(),
        slots: slots.get_mut(..size()).unwrap_or_default(),
        tags: tags.get_mut(..size()).unwrap_or_default(),
    };
    let mut pipeline = Pipeline::new(Borrowed::new(parts, login(&text)));
    every_method(&mut pipeline);
}

fn every_method<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    look(black_box(pipeline));
    settings(black_box(pipeline));
    input(black_box(pipeline));
    ends(black_box(pipeline));
    submits(black_box(pipeline));
    pieces(black_box(pipeline));
    long(black_box(pipeline));
    output(black_box(pipeline));
    events(black_box(pipeline));
}

fn now() -> Instant {
    Instant::from_micros(number())
}

#[inline(never)]
fn look<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    black_box((
        pipeline.state(),
        pipeline.in_flight(),
        pipeline.unanswered(),
    ));
    black_box((pipeline.tx_free(), pipeline.slots_free(), pipeline.epoch()));
    black_box((pipeline.is_resp3(), pipeline.is_session_clean()));
    black_box((pipeline.is_line_held(), pipeline.pushes_dropped()));
    black_box((pipeline.config(), pipeline.storage().sizes()));
    black_box(pipeline.last_words());
}

#[inline(never)]
fn settings<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    pipeline.configure(black_box(Config {
        window: Window {
            commands: number() as u32,
            sent_bytes: number() as u32,
            reply_bytes: number() as u32,
        },
        flush: match number() {
            0 => Flush::WhenIdle,
            1 => Flush::Explicit,
            _ => Flush::AtLeast {
                count: number() as u32,
                bytes: number() as u32,
                age: Duration::from_micros(number()),
            },
        },
        resend: match number() {
            0 => Resend::Never,
            1 => Resend::NotSent,
            _ => Resend::Replayable,
        },
        oversize: if flag() {
            Oversize::Skip
        } else {
            Oversize::Stream
        },
        reply_timeout: Duration::from_micros(number()),
        silence_limit: Duration::from_micros(number()),
        shared: flag(),
    }));
    pipeline.open(now());
}

#[inline(never)]
fn input<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    let buffer = Buffer::new();
    black_box(pipeline.handle_input(buffer.bytes(), now()));
    black_box(pipeline.recv_space());
    black_box(&mut *pipeline).recv_commit(size(), now());
}

#[inline(never)]
fn ends<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    pipeline.handle_timeout(now());
    black_box(black_box(&mut *pipeline).poll_timeout());
    black_box(&mut *pipeline).handle_eof();
    black_box(&mut *pipeline).handle_link_lost();
    black_box(&mut *pipeline).close();
    black_box(&mut *pipeline).reopen();
}

#[inline(never)]
fn submits<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    const XADD: Template<3> = template!("XADD", _, "*", _, _);

    let buffer = Buffer::new();
    let (bytes, text) = (buffer.bytes(), buffer.text());
    submit(
        pipeline,
        &cmd(text).arg(bytes).args((text, number(), flag())),
    );
    submit(
        pipeline,
        &cmd(text)
            .each(bytes.iter().map(|&byte| (byte, text)))
            .replayable(),
    );
    submit(
        pipeline,
        &black_box(&XADD).with((bytes, text, number() as i64)),
    );
    if let Ok((raw, _)) = RawCommand::split(bytes) {
        submit(pipeline, &raw);
    }
    black_box(&mut *pipeline).flush();
}

fn submit<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>, command: &impl Command) {
    let pipeline = black_box(pipeline);
    let ticket = pipeline.submit(black_box(command), number() as u32, now());
    submitted(pipeline, ticket);
}

fn submitted<S: Storage<Tag = u32>>(
    pipeline: &mut Pipeline<S>,
    ticket: Result<Ticket, SubmitError<u32>>,
) {
    match ticket {
        Ok(ticket) => {
            black_box(ticket.epoch());
            if let Some((tag, fate)) = black_box(pipeline).abandon(black_box(ticket)) {
                black_box(tag);
                message(&fate);
            }
        }
        Err(error) => {
            message(&error);
            rejected(error.reason);
        }
    }
}

fn rejected(reason: Rejected) {
    black_box(reason.is_temporary());
    message(&reason);
    if let Rejected::Refused(why) = reason {
        refusal(why);
    }
}

#[inline(never)]
fn pieces<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    let buffer = Buffer::new();
    let front = black_box(cmd(buffer.text()).arg(buffer.bytes()));
    let ticket = pipeline.begin(&front, size(), number() as u32, now());
    submitted(pipeline, ticket);
    if let Err(reason) = black_box(&mut *pipeline).begin_argument(number()) {
        rejected(reason);
    }
    black_box(black_box(pipeline).feed(buffer.bytes()));
}

#[inline(never)]
fn long<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    let buffer = Buffer::new();
    let command = black_box(cmd(buffer.text()).args((buffer.bytes(), buffer.bytes())));
    let ticket = pipeline.submit_long(&command, number() as u32, now());
    submitted(pipeline, ticket);
    black_box(black_box(pipeline).continue_long(&command));
}

#[inline(never)]
fn output<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    black_box(pipeline.poll_transmit());
    black_box(pipeline).transmitted(size(), now());
}

#[inline(never)]
fn events<S: Storage<Tag = u32>>(pipeline: &mut Pipeline<S>) {
    match pipeline.poll_event() {
        Ok(Some(Event::Ended { tag, fate })) => {
            black_box(tag);
            message(&fate);
        }
        Ok(Some(Event::Reply { tag, reply })) => {
            black_box(tag);
            every_way(reply);
        }
        Ok(Some(Event::Push(reply) | Event::Token(Token::Scalar(reply)))) => every_way(reply),
        Ok(event) => {
            black_box(event);
        }
        Err(error) => message(&error),
    }
}
