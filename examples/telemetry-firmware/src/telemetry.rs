//! Samples on their way into a stream: their ids, their commands, and what became of them.

use respipe_core::encode::Template;
use respipe_core::pipeline::{Event, Pipeline, PipelineError, Storage};
use respipe_core::telemetry::{Answer, Outbox, Outcome, Series, Unread, WhenFull};
use respipe_core::{Duration, Fate, Instant, template};

use crate::sensor::Sample;

/// The longest sample on the wire, in bytes.
pub const SAMPLE: usize = 96;

/// One stream a device: exactly once needs one writer.
const STREAM: &str = "samples";
/// A sample: its id, its number, its temperature. All the rest of the command lies in flash,
/// encoded. Sending it again does no harm, because a stream takes an id once.
const ADD: Template<3> = template!("XADD", STREAM, _, "seq", _, "mC", _).replayable();

/// The tag of the question where the stream ends; all others are numbers of samples, from 1.
const ASKED: u32 = 0;

/// How long after the question was not answered it is asked again: what is wrong with the key or
/// with our rights, a person has to mend.
const PAUSE: Duration = Duration::from_secs(5);

/// Pushes samples and counts those that Redis has.
#[derive(Debug)]
pub struct Telemetry {
    outbox: Outbox,
    series: Series,
    when_full: WhenFull,
    stored: u32,
    /// Before then the question is not asked again.
    ask_at: Instant,
    /// The log has it that the question is not answered.
    has_complained: bool,
}

impl Telemetry {
    /// Nothing pushed yet. With [`WhenFull::RefuseNew`] the sensor has to wait for room; otherwise
    /// the oldest sample makes room for the newest.
    #[must_use]
    pub const fn new(when_full: WhenFull) -> Self {
        Self {
            outbox: Outbox::new(when_full),
            series: Series::new(),
            when_full,
            stored: 0,
            ask_at: Instant::ZERO,
            has_complained: false,
        }
    }

    /// How many samples Redis has taken since the start.
    #[must_use]
    pub const fn stored(&self) -> u32 {
        self.stored
    }

    /// Whether a sample can be pushed: its id is to be had, and room for it.
    #[must_use]
    pub fn is_ready<S: Storage>(&self, pipeline: &Pipeline<S>) -> bool {
        let has_room = || pipeline.slots_free() > 0 && pipeline.tx_free() >= SAMPLE;
        self.series.is_known() && (self.when_full == WhenFull::DropOldest || has_room())
    }

    /// Asks where the stream ends, once at the start: the clock may be wrong, and a reset sets it
    /// back.
    pub fn ask<S: Storage<Tag = u32>>(&mut self, pipeline: &mut Pipeline<S>, now: Instant) {
        if self.series.must_ask() && now >= self.ask_at {
            self.ask_at = now.after(PAUSE);
            // Where there is no room, it is asked the next time.
            let _ = self.series.ask(pipeline, STREAM, ASKED, now);
            // It has no company to wait for.
            pipeline.flush();
        }
    }

    /// Pushes a sample that was taken at this time, in milliseconds.
    pub fn push<S: Storage<Tag = u32>>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        sample: Sample,
        time: u64,
        now: Instant,
    ) {
        let id = self.series.next_id(time).unwrap_or_default();
        let add = ADD.with((id, sample.sequence, sample.millidegrees));
        let tag = sample.sequence;
        let pushed = self.outbox.push_telling(pipeline, &add, tag, now, dropped);
        if let Err(error) = pushed {
            dropped(error.tag, Fate::NotSent);
        }
    }

    /// Takes what the pipeline has to tell; whether there may be more.
    ///
    /// # Errors
    /// The connection has ended; all that will not be sent again has been told.
    pub fn poll<S: Storage<Tag = u32>>(
        &mut self,
        pipeline: &mut Pipeline<S>,
    ) -> Result<bool, PipelineError> {
        let Some(event) = pipeline.poll_event()? else {
            return Ok(false);
        };
        let (tag, outcome) = match event {
            Event::Reply { tag: ASKED, reply } => {
                match self.series.answered(&reply) {
                    Ok(id) => {
                        defmt::info!("the stream ends with {}", id);
                        self.has_complained = false;
                    }
                    Err(Unread::Refused(code)) => {
                        self.complain(|| defmt::error!("XINFO STREAM is refused: {}", code));
                    }
                    Err(Unread::Odd) => {
                        self.complain(|| defmt::error!("XINFO STREAM is answered oddly"));
                    }
                }
                return Ok(true);
            }
            Event::TooLarge { tag: ASKED, .. } => {
                self.complain(|| defmt::error!("the reply to XINFO STREAM is longer than RX"));
                return Ok(true);
            }
            Event::Ended { tag: ASKED, .. } => {
                self.series.start_again();
                return Ok(true);
            }
            Event::Reply { tag, reply } => {
                let answer = Answer::of(&reply);
                (tag, answer.outcome(pipeline.was_sent_before()))
            }
            Event::TooLarge { tag, .. } => (tag, Outcome::Uncertain),
            Event::Ended { tag, fate } => (tag, Outcome::of_fate(fate)),
            // Nothing was subscribed to, and nothing is streamed.
            _ => return Ok(true),
        };
        if outcome.is_stored() {
            self.stored += 1;
        } else {
            // Another writer has been at the stream.
            if outcome == Outcome::Behind {
                self.series.start_again();
            }
            defmt::error!("sample {=u32}: {}", tag, outcome);
        }
        Ok(true)
    }

    /// The question was answered, and we are none the wiser: says so, once, and asks again later.
    fn complain(&mut self, why: impl FnOnce()) {
        self.series.start_again();
        if !self.has_complained {
            why();
            defmt::error!("no samples are made before the stream's last id is known");
        }
        self.has_complained = true;
    }
}

fn dropped(sequence: u32, _: Fate) {
    defmt::warn!("dropped sequence={=u32}", sequence);
}
