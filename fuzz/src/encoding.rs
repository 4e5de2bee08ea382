//! A command encoded, then decoded, has the same arguments.

use respipe_core::encode::{Command, CommandList, RawCommand, Sink, Template};
use respipe_core::reply::Value;
use respipe_core::{Framer, Reply, cmd, template};
use respipe_testkit::chance::Chance;

/// Encodes the commands that these bytes spell.
///
/// # Panics
/// If a command is not as long as it said, or has other arguments when it is read again.
pub fn target(bytes: &[u8]) {
    let mut chance = Chance::of_bytes(bytes);
    let mut list = CommandList::new();
    let mut all = Vec::new();
    while !chance.is_over() && list.len() < 20 {
        one(&mut chance, &mut list, &mut all);
    }
    let mut rest = list.as_bytes();
    for (command, encoded) in list.iter().zip(&all) {
        assert_eq!(command.as_bytes(), encoded.as_slice());
        let (split, behind) = RawCommand::split(rest).expect("what the list holds");
        assert_eq!(split.as_bytes(), encoded.as_slice());
        rest = behind;
    }
    assert!(rest.is_empty());
}

fn one(chance: &mut Chance<'_>, list: &mut CommandList, all: &mut Vec<Vec<u8>>) {
    let len = chance.usize(0..40);
    let text = chance.bytes(len);
    let text = String::from_utf8_lossy(&text).into_owned();
    let number = chance.u64(0..u64::MAX);
    match chance.u32(0..8) {
        0 => {
            let words: Vec<Vec<u8>> = (0..chance.usize(0..12))
                .map(|_| {
                    let len = chance.usize(0..130);
                    chance.bytes(len)
                })
                .collect();
            let mut expected = vec![b"MSET".to_vec()];
            expected.extend(words.iter().cloned());
            check(&cmd("MSET").args(&words[..]), &expected, list, all);
            let pairs: Vec<(&[u8], u64)> = words.iter().map(|word| (&word[..], number)).collect();
            let mut expected = vec![b"MSET".to_vec()];
            for word in &words {
                expected.extend([word.clone(), number.to_string().into_bytes()]);
            }
            check(&cmd("MSET").each(pairs), &expected, list, all);
        }
        1 => {
            let command = cmd("SET").arg(&text).arg(number).replayable();
            let expected = ["SET", &text, &number.to_string()];
            check(&command, &owned(&expected), list, all);
        }
        2 => {
            let n = number as i64;
            let command = cmd("X").args((n, n as i8, n as u16, n as i32, n % 2 == 0));
            let truth = u8::from(n % 2 == 0).to_string();
            let (a, b, c, d) = (n, n as i8, n as u16, n as i32);
            let expected = [
                "X",
                &a.to_string(),
                &b.to_string(),
                &c.to_string(),
                &d.to_string(),
                &truth,
            ];
            check(&command, &owned(&expected), list, all);
        }
        3 => {
            const ADD: Template<3> = template!("XADD", _, "*", "celsius", _, "at", _);
            let expected = [
                "XADD",
                &text,
                "*",
                "celsius",
                &number.to_string(),
                "at",
                &text,
            ];
            check(
                &ADD.with((&text, number, &text)),
                &owned(&expected),
                list,
                all,
            );
        }
        4 => {
            let float = f64::from_bits(number);
            let command = cmd("F").arg(float).arg(float as f32);
            let encoded = encode(&command);
            let words = words(&encoded);
            let back: f64 = parsed(&words[1]);
            assert!(back.to_bits() == float.to_bits() || (back.is_nan() && float.is_nan()));
            let back: f64 = parsed(&words[2]);
            let float = float as f32;
            assert!(
                (back as f32).to_bits() == float.to_bits() || (back.is_nan() && float.is_nan())
            );
        }
        5 => check(&cmd(&text), &owned(&[&text]), list, all),
        _ => {
            let command = cmd(&text)
                .arg(Some(number).map_or(0, |n| n))
                .arg(text.as_bytes());
            let expected = [&text, &number.to_string(), &text];
            check(&command, &owned(&expected), list, all);
        }
    }
}

fn owned(words: &[&(impl AsRef<str> + ?Sized)]) -> Vec<Vec<u8>> {
    words
        .iter()
        .map(|word| word.as_ref().as_bytes().to_vec())
        .collect()
}

fn parsed(text: &[u8]) -> f64 {
    core::str::from_utf8(text)
        .expect("digits")
        .parse()
        .expect("a number")
}

fn encode(command: &impl Command) -> Vec<u8> {
    let mut bytes = vec![0xa5; command.encoded_len()];
    let mut sink = Sink::new(&mut bytes);
    command.encode(&mut sink);
    assert!(sink.room() == 0 && !sink.overflowed(), "as long as it said");
    bytes
}

fn words(encoded: &[u8]) -> Vec<Vec<u8>> {
    let frame = Framer::new().frame(encoded).expect("valid").expect("whole");
    assert_eq!(frame.len(), encoded.len());
    let mut values = Reply::new(encoded, frame).cursor();
    assert!(matches!(values.next(), Some(Value::Array(_))));
    let words = values.map(|value| match value {
        Value::Bulk(bytes) => bytes.to_vec(),
        other => panic!("{other:?} in a command"),
    });
    words.collect()
}

fn check(
    command: &impl Command,
    expected: &[Vec<u8>],
    list: &mut CommandList,
    all: &mut Vec<Vec<u8>>,
) {
    let encoded = encode(command);
    assert_eq!(words(&encoded), expected);
    assert_eq!(command.argument_count(), expected.len());
    // Shorter memory is never written beyond, and the overflow is known.
    let short = encoded.len() / 2;
    let mut bytes = vec![0; short];
    let mut sink = Sink::new(&mut bytes);
    command.encode(&mut sink);
    assert!(sink.overflowed());
    match RawCommand::split(&encoded) {
        Ok((raw, rest)) => {
            assert!(rest.is_empty());
            assert_eq!(raw.argument_count(), expected.len());
            assert_eq!(raw.traits().class, command.traits().class);
            assert_eq!(list.push(command), Ok(all.len()));
            all.push(encoded);
        }
        Err(error) => assert!(expected[0].is_empty(), "{error}"),
    }
}
