//! What a person reads, what a machine reads, and what is not as it should be.

use serde_json::{Value, json};

use crate::elf::Sizes;
use crate::measure::Measured;
use crate::options::Options;
use crate::run::Telemetry;
use crate::script::Script;

/// The batches whose instructions are told.
const BATCHES: [u64; 3] = [1, 8, 32];
/// What a firmware with room for 64 samples is to take, in bytes.
const FLASH_GOAL: u64 = 48 * 1_024;
/// What it may not exceed: the largest figure of today (code for a Cortex-M0), rounded up.
const FLASH: u64 = 52 * 1_024;
const RAM: u64 = 24 * 1_024;
/// How many times a hand-written sender's instructions, by 32.
const RATIO: f64 = 1.5;
/// 160 samples in batches of 16.
const SEGMENTS: usize = 10;

/// How the firmware names the longest turn of its main loop.
const TURN: &str = "longest-turn";

/// How it names the longest poll of the link alone, and what that may not exceed: the figure of the slowest machine
/// (a Cortex-M0 by its instruction set), rounded up.
const POLL: &str = "longest-poll";
const POLL_INSTRUCTIONS: u64 = 25_000;

/// How it names one SET in the pipeline alone, and what that may not exceed by 1 and by 16: the figures of a Cortex-M0,
/// rounded up.
const SET: &str = "SET-alone";
const SET_INSTRUCTIONS: [(u64, u64); 2] = [(1, 1_300), (16, 900)];

/// All figures of a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) sizes: Sizes,
    pub(crate) telemetry: Telemetry,
    pub(crate) measured: Measured,
}

impl Report {
    /// A summary for a person.
    pub(crate) fn summary(&self, options: &Options) -> String {
        let Telemetry {
            server,
            made,
            verdict,
            reconnects,
            segments,
            stack,
            faults,
            took,
        } = &self.telemetry;
        let mut lines = vec![String::new()];
        let mut line = |name: &str, text: String| lines.push(format!("  {name:<22}{text}"));
        line("machine", format!("{}, {server}", options.machine.name()));
        line(
            "samples made",
            format!("{made} in {:.1} s", took.as_secs_f64()),
        );
        line("stored, each once", verdict.stored.to_string());
        line("lost", verdict.lost.len().to_string());
        line("stored twice", verdict.duplicated.len().to_string());
        line("dropped by policy", verdict.dropped.to_string());
        for (from, to) in &verdict.gaps {
            line(
                "gone in a reset",
                format!("{from} to {to}, only in RAM then"),
            );
        }
        if options.script.is_some() {
            line("faults", faults.to_string());
        }
        line("reconnects", reconnects.to_string());
        line(
            "segments with data",
            format!("{} out, {} in", segments.out, segments.into),
        );
        let flash = bytes(self.sizes.flash);
        line(
            "flash",
            match self.sizes.flash {
                ..=FLASH_GOAL => flash,
                _ => format!("{flash}; the goal of {} is NOT REACHED", bytes(FLASH_GOAL)),
            },
        );
        line("static RAM", bytes(self.sizes.static_ram));
        line("stack, at its deepest", bytes(*stack));
        let Measured { rows, segments } = &self.measured;
        line(
            "160 samples by 16",
            format!(
                "{} segments out, {} in",
                segments.samples,
                segments.answers()
            ),
        );
        lines.push(format!(
            "\n  {:<22}{:>8}{:>14}",
            "instructions", "batch", "per command"
        ));
        // Those of a turn are not those of a command.
        let (turns, rows): (Vec<_>, Vec<_>) = rows
            .iter()
            .partition(|row| row.what == TURN || row.what == POLL);
        for row in rows {
            lines.push(format!(
                "  {:<22}{:>8}{:>14}",
                row.what, row.batch, row.instructions
            ));
        }
        for batch in BATCHES {
            if let Some(ratio) = self.measured.ratio(batch) {
                lines.push(format!(
                    "  {:<22}{batch:>8}{ratio:>14.2}",
                    "respipe / handwritten"
                ));
            }
        }
        for row in turns {
            let what = match row.what == POLL {
                true => "the link's poll of it",
                false => "a turn, at most",
            };
            lines.push(format!(
                "  {what:<22}{:>8}{:>14}",
                row.batch, row.instructions
            ));
        }
        lines.join("\n")
    }

    /// One line for machines.
    pub(crate) fn json(&self, options: &Options) -> Value {
        let Telemetry { verdict, .. } = &self.telemetry;
        let instructions: serde_json::Map<_, _> = BATCHES
            .iter()
            .map(|&batch| {
                let instructions = self.measured.instructions("respipe", batch);
                (batch.to_string(), instructions.into())
            })
            .collect();
        let mut figures = json!({
            "made": self.telemetry.made,
            "stored": verdict.stored,
            "lost": verdict.lost.len(),
            "duplicated": verdict.duplicated.len(),
            "dropped_by_policy": verdict.dropped,
            "reconnects": self.telemetry.reconnects,
            "segments_out": self.telemetry.segments.out,
            "instructions_per_sample": instructions,
            "longest_poll": self.measured.longest(POLL),
            "flash": self.sizes.flash,
            "static_ram": self.sizes.static_ram,
            "stack_high_water": self.telemetry.stack,
        });
        if options.script.is_some() {
            // Only a reset of the device costs any: made is the sum of this, stored, lost and dropped.
            figures["gone_in_reset"] = verdict.gone_in_reset().into();
        }
        json!({ "firmware": figures })
    }

    /// What is not as it should be, a line each.
    pub(crate) fn complaints(&self, script: Option<&Script>) -> Vec<String> {
        let mut complaints = self.telemetry.verdict.complaints();
        // A second round is cut off where the samples end.
        if let Some(script) = script {
            let once = script.faults();
            if self.telemetry.faults < once {
                complaints.push(format!(
                    "the samples were through after {} of {once} faults",
                    self.telemetry.faults
                ));
            }
        }
        let mut limit = |what: &str, is: u64, most: u64| {
            if is > most {
                complaints.push(format!("{what}: {is}, and {most} is the limit"));
            }
        };
        limit("flash in bytes", self.sizes.flash, FLASH);
        limit("static RAM in bytes", self.sizes.static_ram, RAM);
        let segments = self.measured.segments;
        limit(
            "segments out for 160 samples",
            segments.samples as u64,
            SEGMENTS as u64,
        );
        limit(
            "segments in for 160 samples",
            segments.answers() as u64,
            SEGMENTS as u64,
        );
        for (batch, most) in SET_INSTRUCTIONS {
            // What was not measured is too much.
            let set = self.measured.instructions(SET, batch).unwrap_or(u64::MAX);
            limit(&format!("instructions of a SET by {batch}"), set, most);
        }
        match self.measured.longest(POLL) {
            Some(poll) => limit("instructions of the link's poll", poll, POLL_INSTRUCTIONS),
            None => complaints.push("no poll of the link was measured".to_owned()),
        }
        match self.measured.ratio(32) {
            Some(ratio) if ratio <= RATIO => {}
            Some(ratio) => complaints.push(format!(
                "instructions by 32: {ratio:.2} times a hand-written sender's, and {RATIO} is the limit"
            )),
            None => complaints.push("no instructions were counted".to_owned()),
        }
        complaints
    }
}

fn bytes(n: u64) -> String {
    format!("{n} bytes ({:.1} KB)", n as f64 / 1_024.0)
}
