//! The stream against what was made: every sample once, in order, with its value.

use std::collections::BTreeSet;

use crate::reading::{DEPTH, millidegrees};
use crate::server::Stored;

/// How many samples one reset can cost: those in the RAM, one that was being made, and one that was
/// dropped for it and is not in the log yet.
const IN_RAM: u32 = DEPTH as u32 + 2;

/// What the firmware says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Sequence numbers that were given out; they begin at 1 and go on after a reset.
    pub(crate) made: u32,
    /// Samples that were given up for want of room.
    pub(crate) dropped: BTreeSet<u32>,
    /// For each reset: the last sequence number before it.
    pub(crate) reset_after: Vec<u32>,
}

/// What became of the samples. Each is counted in one of the first five.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Stored, and right.
    pub(crate) stored: usize,
    /// Not stored, and nobody knows why.
    pub(crate) lost: Vec<u32>,
    /// Dropped by the policy, and not stored.
    pub(crate) dropped: usize,
    /// Gone with the device's RAM: from and to, for each reset that cost any.
    pub(crate) gaps: Vec<(u32, u32)>,
    /// Stored with another value than was measured, or never made.
    pub(crate) wrong: Vec<u32>,
    /// Stored again: one entry for each time too many.
    pub(crate) duplicated: Vec<u32>,
    /// Stored behind one that was made later.
    pub(crate) out_of_order: Vec<u32>,
}

impl Verdict {
    pub(crate) fn of(told: &Told, stored: &[Stored]) -> Self {
        let mut verdict = Self::default();
        let mut seen = BTreeSet::new();
        let mut newest = 0;
        for sample in stored {
            let sequence = sample.sequence;
            if !seen.insert(sequence) {
                verdict.duplicated.push(sequence);
            } else if sequence < newest {
                verdict.out_of_order.push(sequence);
            }
            newest = newest.max(sequence);
            let known = (1..=told.made).contains(&sequence);
            if !known || sample.millidegrees != millidegrees(sequence) {
                verdict.wrong.push(sequence);
            }
        }
        let mut missing: BTreeSet<u32> = (1..=told.made).filter(|n| !seen.contains(n)).collect();
        let before = missing.len();
        missing.retain(|sequence| !told.dropped.contains(sequence));
        verdict.dropped = before - missing.len();
        for &end in &told.reset_after {
            // What was in RAM is the newest: a run that ends where the device was reset. What is
            // missing before it was lost.
            let oldest = end.saturating_sub(IN_RAM - 1).max(1);
            let mut start = end + 1;
            while start > oldest && missing.remove(&(start - 1)) {
                start -= 1;
            }
            if start <= end {
                verdict.gaps.push((start, end));
            }
        }
        verdict.stored = seen.len() - verdict.wrong.len();
        verdict.lost = missing.into_iter().collect();
        verdict
    }

    /// How many were gone with the RAM.
    pub(crate) fn gone_in_reset(&self) -> u32 {
        self.gaps.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// What is wrong, a line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let list = |what: &str, sequences: &[u32]| {
            let shown: Vec<_> = sequences.iter().take(10).map(u32::to_string).collect();
            let more = if sequences.len() > 10 { " …" } else { "" };
            (!sequences.is_empty())
                .then(|| format!("{} {what}: {}{more}", sequences.len(), shown.join(" ")))
        };
        [
            list("lost", &self.lost),
            list("stored twice", &self.duplicated),
            list("stored with a wrong value", &self.wrong),
            list("stored out of order", &self.out_of_order),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(sequences: impl IntoIterator<Item = u32>) -> Vec<Stored> {
        let sample = |sequence| Stored {
            id: String::new(),
            sequence,
            millidegrees: millidegrees(sequence),
        };
        sequences.into_iter().map(sample).collect()
    }

    fn told(made: u32) -> Told {
        Told {
            made,
            ..Told::default()
        }
    }

    #[test]
    fn all_samples_once_in_order_with_their_values_are_no_complaint() {
        let verdict = Verdict::of(&told(100), &stored(1..=100));
        assert_eq!(verdict.stored, 100);
        assert!(verdict.complaints().is_empty());
    }

    #[test]
    fn a_missing_a_doubled_a_moved_and_a_changed_sample_are_each_named() {
        let mut samples = stored([1, 2, 2, 5, 4, 6, 9]);
        samples[5].millidegrees += 1;
        let verdict = Verdict::of(&told(6), &samples);
        assert_eq!(verdict.lost, [3]);
        assert_eq!(verdict.duplicated, [2]);
        assert_eq!(verdict.out_of_order, [4]);
        assert_eq!(verdict.wrong, [6, 9]);
        assert_eq!(verdict.complaints().len(), 4);
    }

    #[test]
    fn what_was_dropped_by_policy_or_gone_in_a_reset_is_not_lost_and_the_gap_is_named() {
        let mut told = told(20);
        told.dropped = [3, 4, 5].into();
        told.reset_after = vec![10, 15];
        // 4 was given up and has arrived all the same; 8 is inside, not at the end: it is lost.
        let verdict = Verdict::of(
            &told,
            &stored([1, 2, 4, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
        );
        assert_eq!(verdict.dropped, 2);
        assert_eq!(verdict.gaps, [(10, 10)]);
        assert_eq!(verdict.gone_in_reset(), 1);
        assert_eq!(verdict.lost, [8]);
        assert_eq!(verdict.stored, 16);
    }

    #[test]
    fn more_than_the_ram_holds_is_not_gone_with_it() {
        let mut told = told(1_000);
        told.reset_after = vec![1_000];
        let verdict = Verdict::of(&told, &stored(1..=1_000 - IN_RAM));
        assert_eq!(verdict.gone_in_reset(), IN_RAM);
        assert!(verdict.complaints().is_empty());
        let last = 1_000 - IN_RAM - 1;
        let verdict = Verdict::of(&told, &stored(1..=last));
        assert_eq!(verdict.gone_in_reset(), IN_RAM);
        assert_eq!(verdict.lost, [last + 1]);
    }
}
