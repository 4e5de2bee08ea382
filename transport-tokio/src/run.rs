//! Many commands of one caller: batches, and streams of any number of commands.

use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use futures_core::Stream;
use respipe_core::Command;
use respipe_host::{Batch, BatchOutcomes, Error, Outcome, Streamed, Tags};

use crate::calls::{Call, Run, Sink, Tag};
use crate::hub::{Hub, Shared};

/// As many commands of a stream wait in line at one time: so that it takes turns with others.
const IN_LINE: usize = 64;

/// A run that is given up when it is dropped before its end.
struct Guard<'c> {
    shared: &'c Shared,
    key: Option<u32>,
}

impl<'c> Guard<'c> {
    fn new(shared: &'c Shared, run: Run) -> Self {
        let key = shared.lock().begin_run(run);
        Self {
            shared,
            key: Some(key),
        }
    }

    /// Looks at the run under the lock.
    fn with<T>(&self, hub: &mut Hub, look: impl FnOnce(&mut Run) -> T) -> Option<T> {
        match hub.calls.find(self.key?) {
            Some(Call::Run(run)) => Some(look(run)),
            _ => None,
        }
    }

    /// The run has ended: takes it out.
    fn finish(&mut self, hub: &mut Hub) -> Option<Box<Run>> {
        match hub.calls.remove(self.key.take()?) {
            Some(Call::Run(run)) => Some(run),
            _ => None,
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.stir(|hub| hub.give_up_run(key));
        }
    }
}

/// Runs a batch; the future that it returns does nothing until it is polled.
pub(crate) async fn run(shared: &Shared, batch: &Batch, outcomes: &mut BatchOutcomes) {
    outcomes.begin(batch.len());
    let mut run = Run::new(Sink::Batch(core::mem::take(outcomes)));
    run.tickets.reserve(batch.len());
    let mut running = Running {
        guard: Guard::new(shared, run),
        batch,
        next: 0,
        error: None,
    };
    if let Some(ended) = core::future::poll_fn(|cx| running.poll(cx)).await {
        *outcomes = ended;
    }
}

struct Running<'c> {
    guard: Guard<'c>,
    batch: &'c Batch,
    /// The first command that was not queued.
    next: usize,
    error: Option<Error>,
}

impl Running<'_> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<BatchOutcomes>> {
        let Some(key) = self.guard.key else {
            return Poll::Ready(None);
        };
        self.guard.shared.stir(|hub| {
            if self.guard.with(hub, |run| run.late) == Some(true) {
                self.next = self.batch.len();
            }
            // What waits for the line is not queued before the line is ours.
            if self.next == 0 || (self.next < self.batch.len() && hub.is_holder(key)) {
                let (next, error) = hub.begin_batch(key, self.batch, self.next);
                self.next = next;
                self.error = error;
            }
            let whole = self.next == self.batch.len();
            let ended = self.guard.with(hub, |run| {
                run.eager = !whole;
                run.waker = Some(cx.waker().clone());
                whole && run.left == 0
            });
            if ended == Some(false) {
                return Poll::Pending;
            }
            let run = self.guard.finish(hub);
            Poll::Ready(run.and_then(|run| {
                let error = match run.by_link {
                    true => hub.cause(),
                    false => self.error.take(),
                };
                match run.sink {
                    Sink::Batch(mut outcomes) => {
                        if let Some(error) = error {
                            outcomes.end(error);
                        }
                        Some(outcomes)
                    }
                    Sink::Stream { .. } => None,
                }
            }))
        })
    }
}

/// Outcomes of a stream, with the numbers of their commands.
#[derive(Default)]
struct Found {
    numbers: Vec<u32>,
    outcomes: BatchOutcomes,
    left: usize,
    queued: usize,
    by_link: bool,
}

/// Sends every command that `commands` yields, and hands each outcome to `each`.
pub(crate) async fn stream<T, C: Command>(
    shared: &Shared,
    commands: impl Stream<Item = (T, C)>,
    mut each: impl FnMut(T, Outcome<'_>),
) -> Result<Streamed, Error> {
    let run = Run::new(Sink::Stream {
        numbers: Vec::new(),
        outcomes: BatchOutcomes::new(),
    });
    let mut sliding = Sliding {
        guard: Guard::new(shared, run),
        tags: Tags::new(),
        most: shared.lock().window().saturating_mul(2),
        found: Found::default(),
        waiting: None,
        exhausted: false,
        failed: None,
        done: Streamed::default(),
    };
    let mut commands = pin!(commands);
    core::future::poll_fn(|cx| sliding.poll(cx, commands.as_mut(), &mut each)).await
}

struct Sliding<'c, T, C> {
    guard: Guard<'c>,
    tags: Tags<T>,
    /// Outcomes that are not taken and commands in flight, in all.
    most: usize,
    found: Found,
    /// Taken from the stream, and not queued.
    waiting: Option<(T, C)>,
    exhausted: bool,
    /// Why nothing more is taken.
    failed: Option<Error>,
    done: Streamed,
}

impl<T, C: Command> Sliding<'_, T, C> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut commands: Pin<&mut impl Stream<Item = (T, C)>>,
        each: &mut impl FnMut(T, Outcome<'_>),
    ) -> Poll<Result<Streamed, Error>> {
        loop {
            self.look(None);
            self.hand_out(each);
            self.fill(cx, commands.as_mut(), each);
            // Whatever came meanwhile is looked at before the caller sleeps.
            if self.look(Some(cx)) {
                continue;
            }
            if self.found.left > 0 || !(self.exhausted || self.failed.is_some()) {
                return Poll::Pending;
            }
            self.guard.finish(&mut self.guard.shared.lock());
            return Poll::Ready(match self.failed.take() {
                Some(error) => Err(error),
                None => Ok(self.done),
            });
        }
    }

    /// Takes the outcomes that there are, or, with a context, waits for more; whether there are any.
    fn look(&mut self, cx: Option<&Context<'_>>) -> bool {
        let found = &mut self.found;
        let mut hub = self.guard.shared.lock();
        self.guard.with(&mut hub, |run| {
            found.left = run.left;
            found.queued = run.queued;
            found.by_link |= run.by_link;
            let Sink::Stream { numbers, outcomes } = &mut run.sink else {
                return;
            };
            match cx {
                Some(cx) if numbers.is_empty() => {
                    run.eager = true;
                    run.waker = Some(cx.waker().clone());
                }
                Some(_) => {}
                None => {
                    core::mem::swap(numbers, &mut found.numbers);
                    core::mem::swap(outcomes, &mut found.outcomes);
                }
            }
        });
        match cx {
            Some(_) => {
                self.guard.with(&mut hub, |run| match &run.sink {
                    Sink::Stream { numbers, .. } => !numbers.is_empty(),
                    Sink::Batch(_) => false,
                }) == Some(true)
            }
            None => !self.found.numbers.is_empty(),
        }
    }

    fn hand_out(&mut self, each: &mut impl FnMut(T, Outcome<'_>)) {
        let outcomes = self.found.outcomes.iter();
        for (number, outcome) in self.found.numbers.drain(..).zip(outcomes) {
            if let Some(tag) = self.tags.take(number) {
                each(tag, outcome);
            }
        }
        self.found.outcomes.begin(0);
    }

    /// Takes commands from the stream for as long as there is room.
    fn fill(
        &mut self,
        cx: &mut Context<'_>,
        mut commands: Pin<&mut impl Stream<Item = (T, C)>>,
        each: &mut impl FnMut(T, Outcome<'_>),
    ) {
        let Some(key) = self.guard.key else {
            return;
        };
        while self.failed.is_none() && self.found.queued < IN_LINE && self.tags.len() < self.most {
            let next = match self.waiting.take() {
                None if self.exhausted => return,
                None => match commands.as_mut().poll_next(cx) {
                    Poll::Pending => return,
                    Poll::Ready(None) => {
                        self.exhausted = true;
                        return;
                    }
                    Poll::Ready(Some(next)) => {
                        self.done.commands += 1;
                        next
                    }
                },
                Some(next) => next,
            };
            let (tag, command) = next;
            let index = self.tags.next_number();
            let (begun, queued) = self.guard.shared.stir(|hub| {
                let begun = hub.begin_of_run(&command, Tag { key, index });
                let queued = self.guard.with(hub, |run| run.queued);
                (begun, queued.unwrap_or_default())
            });
            self.found.queued = queued;
            match begun {
                Ok(()) => self.tags.push(tag),
                Err(Error::Rejected(reason)) => each(tag, Outcome::Refused(Some(reason))),
                Err(Error::LineFull { .. }) if !self.tags.is_empty() => {
                    self.waiting = Some((tag, command));
                    return;
                }
                Err(error) => {
                    each(tag, Outcome::NotSent);
                    self.failed = Some(match error {
                        Error::Ended {
                            cause: Some(cause), ..
                        } => *cause,
                        error => error,
                    });
                }
            }
        }
    }
}
