//! Which commands a random application submits, each one unmistakable on the wire.

use std::collections::HashMap;

use super::super::scenario::Request;
use crate::chance::Chance;

/// How often each command without arguments was spelled.
pub(super) type Spelled = HashMap<&'static str, u32>;

/// A command for this tag. No two of a run are alike: the tag is an argument, or the case of the letters tells them apart.
pub(super) fn random(random: &mut Chance<'_>, tag: u32, before: &mut Spelled) -> Request {
    let mut spelled = |text: &'static str| {
        let nth = before.entry(text).or_default();
        let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
        if *nth >> letters > 0 {
            // Of five letters there are no more than 32 spellings.
            return format!("ECHO {tag} status 0");
        }
        *nth += 1;
        spell(text, *nth - 1)
    };
    let text = match random.u32(0..100) {
        0..=69 => {
            let shapes = [
                "status", "error", "integer", "bulk", "bulk", "array", "map", "pushed",
            ];
            let shape = random.choice(shapes).unwrap_or("bulk");
            let size = if random.u32(0..8) == 0 {
                random.u32(0..300)
            } else {
                random.u32(0..40)
            };
            format!("ECHO {tag} {shape} {size}")
        }
        70..=73 => format!("BLPOP {tag} 0"),
        74..=75 => spelled("CLIENT REPLY OFF"),
        76..=79 => spelled("CLIENT REPLY SKIP"),
        80..=84 => spelled("CLIENT REPLY ON"),
        85..=88 => spelled("MULTI"),
        89..=91 => spelled("EXEC"),
        92 => spelled("DISCARD"),
        93 => format!("WATCH {tag}"),
        94 => spelled("RESET"),
        95..=96 => format!("SUBSCRIBE {tag} c"),
        97 => format!("SUBSCRIBE {tag}"),
        98 => format!("UNSUBSCRIBE {tag}"),
        _ => spelled("UNSUBSCRIBE"),
    };
    let mut request = Request::from(text.as_str());
    request.replayable = random.bool();
    request.reply_hint = if random.bool() { 0 } else { random.u32(1..200) };
    request
}

/// A command longer than the buffer for it.
pub(super) fn long(random: &mut Chance<'_>, tag: u32) -> Request {
    let pad = "p".repeat(random.usize(1..900));
    Request::from(format!("ECHO {tag} bulk 5 {pad}").as_str())
}

/// The bits of a number in the case of the letters.
fn spell(text: &str, number: u32) -> String {
    let mut bits = number;
    let letters = text.chars().map(|letter| {
        if !letter.is_ascii_alphabetic() {
            return letter;
        }
        let lower = bits & 1 == 1;
        bits >>= 1;
        if lower {
            letter.to_ascii_lowercase()
        } else {
            letter
        }
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_commands_of_a_long_run_are_alike() {
        let (mut chance, mut before) = (Chance::of_seed(1), Spelled::new());
        let mut seen = HashSet::new();
        for tag in 0..2_000 {
            let wire = random(&mut chance, tag, &mut before).wire();
            assert!(seen.insert(wire.clone()), "{}", wire.escape_ascii());
        }
    }
}
