//! What a person sees while the demo works: a bar on a terminal, a line a row elsewhere.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

const TURN: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    planned: Duration,
    done: Duration,
}

/// One row at work; the bar moves until this is dropped.
#[derive(Debug)]
pub(crate) struct Working {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// A bar for work that takes about this long.
    pub(crate) fn new(planned: Duration) -> Self {
        let bar = ProgressBar::new(millis(planned));
        let style =
            ProgressStyle::with_template("  {bar:40.green/black.bright} {percent:>3} %  {msg}");
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━━─"),
        );
        Self {
            bar,
            planned,
            done: Duration::ZERO,
        }
    }

    /// Begins a row that takes about this long.
    pub(crate) fn begin(&mut self, what: String, share: Duration) -> Working {
        self.bar.set_message(what);
        let (bar, from) = (self.bar.clone(), self.done);
        self.done = (self.done + share).min(self.planned);
        let (to, start) = (self.done, Instant::now());
        let over = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !theirs.load(Ordering::Acquire) {
                bar.set_position(millis((from + start.elapsed()).min(to)));
                thread::park_timeout(TURN);
            }
            bar.set_position(millis(to));
        });
        Working {
            over,
            thread: Some(thread),
        }
    }

    /// Says what a row came to, where there is no bar to see.
    pub(crate) fn note(&self, what: &str) {
        if self.bar.is_hidden() {
            eprintln!("{what}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
