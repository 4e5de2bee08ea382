//! Spans: each command's name, bytes and times, and never an argument.
#![cfg(feature = "tracing")]

mod common;

use core::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use common::{Result, options, plain};
use respipe_tokio::{Client, cmd};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down all that it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<String>>);

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut notes = self.0.lock().expect("no panic");
        let _ = write!(notes, " {field}={value:?}");
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "respipe_tokio"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.lock().expect("no panic").push_str("\nspan");
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.0.lock().expect("no panic").push_str("\nevent");
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_span_tells_name_bytes_times_and_outcome_and_no_argument() -> Result {
    for server in plain()?.into_iter().take(1) {
        let notes = Notes::default();
        let _guard = tracing::subscriber::set_default(notes.clone());
        let redis = Client::connect(options(&server)?.depth(1)).await?;
        let (set, wrong) = (
            cmd("SET").args(("akey", "hunter2")),
            cmd("lpush").args(("akey", 1)),
        );
        // The second waits for the first.
        let (first, second) = tokio::join!(redis.call(&set), redis.call(&wrong));
        assert!(first?.as_reply().is_ok() && second?.as_reply().error().is_some());
        assert!(redis.call(&cmd("BLPOP").args(("akey", 0))).await.is_err());
        let notes = notes.0.lock().expect("no panic").clone();
        let spans: Vec<&str> = notes
            .lines()
            .filter(|line| line.starts_with("span"))
            .collect();
        assert_eq!(spans.len(), 3, "{notes}");
        assert!(spans[0].contains("name=\"SET\" bytes=36"), "{notes}");
        assert!(spans[1].contains("name=\"lpush\""), "{notes}");
        assert_eq!(notes.matches("queue_us=").count(), 3, "{notes}");
        // One waited in line, and then for its reply.
        let waited = spans[1].rsplit_once("queue_us=").ok_or("no time")?.1;
        assert!(
            !waited.starts_with("0 ") && !waited.contains("reply_us=0 "),
            "{notes}"
        );
        for outcome in ["\"replied\"", "\"error\"", "refused"] {
            assert!(notes.contains(&format!("outcome={outcome}")), "{notes}");
        }
        assert!(notes.contains("connected"), "{notes}");
        assert!(
            !notes.contains("hunter2") && !notes.contains("akey"),
            "{notes}"
        );
    }
    Ok(())
}
