use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::template;

fn encoded(command: &impl Command) -> String {
    let mut bytes = vec![0; command.encoded_len()];
    let mut sink = Sink::new(&mut bytes);
    command.encode(&mut sink);
    assert_eq!(
        (sink.room(), sink.overflowed()),
        (0, false),
        "the announced length is exact"
    );
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_command_is_an_array_of_bulk_strings() {
    let command = cmd("SET")
        .arg("key")
        .arg(&b"\x00\x01"[..])
        .args(("EX", 10))
        .args(["a", "b"]);
    assert_eq!(
        encoded(&command),
        "*7\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2\r\n\0\x01\r\n$2\r\nEX\r\n$2\r\n10\r\n$1\r\na\r\n$1\r\nb\r\n"
    );
    assert_eq!(command.argument_count(), 7);
}

#[test]
fn numbers_are_the_text_that_display_prints() {
    let mut numbers: Vec<u64> = vec![0, 9, 10, 99, 100, u64::MAX, u64::MAX - 1];
    for shift in 0..64 {
        numbers.extend([1u64 << shift, (1u64 << shift).wrapping_sub(1)]);
    }
    for power in 0..20 {
        let ten = 10u64.pow(power);
        numbers.extend([ten - 1, ten, ten + 1, ten.saturating_mul(18)]);
    }
    for n in numbers {
        let text = std::format!("{n}");
        assert_eq!(
            encoded(&cmd("N").arg(n)),
            encoded(&cmd("N").arg(text.as_str()))
        );
        let n = n as i64;
        let text = std::format!("{n}");
        assert_eq!(
            encoded(&cmd("N").arg(n)),
            encoded(&cmd("N").arg(text.as_str()))
        );
    }
    assert_eq!(
        encoded(&cmd("N").args((true, false))),
        encoded(&cmd("N").args(("1", "0")))
    );
}

#[test]
fn a_template_encodes_as_the_command_built_at_run_time() {
    const ADD: Template<3> = template!("XADD", _, "MAXLEN", "~", "1000", _, "celsius", _);
    let built = cmd("XADD").args(("s", "MAXLEN", "~", "1000", "1-1", "celsius", 21));
    assert_eq!(encoded(&ADD.with(("s", "1-1", 21))), encoded(&built));
    assert_eq!(encoded(&template!("PING").whole()), encoded(&cmd("PING")));
    const LONG: &str = "a name of more than ninety-nine bytes, so that its length needs three digits, \
                        which the macro has to count when compiling";
    assert_eq!(
        encoded(&template!("ECHO", LONG).whole()),
        encoded(&cmd("ECHO").arg(LONG))
    );
}

#[test]
fn a_command_lands_whole_in_two_pieces_of_memory_cut_anywhere() {
    let command = cmd("SET").args(("key", 1234567890123u64));
    let whole = encoded(&command);
    for cut in 0..=whole.len() {
        let (mut a, mut b) = (vec![0; cut], vec![0; whole.len() - cut]);
        let mut sink = Sink::over(&mut a, &mut b);
        command.encode(&mut sink);
        assert_eq!((sink.room(), sink.overflowed()), (0, false));
        a.extend(b);
        assert_eq!(a, whole.as_bytes());
    }
}

#[test]
fn windows_on_an_encoding_join_to_the_whole() {
    let command = cmd("SET").args(("key", "a value that is longer than the window"));
    let whole = encoded(&command);
    let mut joined = Vec::new();
    while joined.len() < whole.len() {
        let mut window = vec![0; 7.min(whole.len() - joined.len())];
        command.encode(&mut Sink::window(joined.len(), &mut window));
        joined.extend(window);
    }
    assert_eq!(joined, whole.as_bytes());
}

#[test]
fn pairs_of_an_iterator_become_arguments() {
    let pairs = [("a", 1), ("b", 2)];
    assert_eq!(
        encoded(&cmd("MSET").each(pairs.iter().copied())),
        encoded(&cmd("MSET").args(("a", 1, "b", 2)))
    );
}

#[test]
fn raw_commands_are_split_and_checked() {
    let two = b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*1\r\n$4\r\nPING\r\n";
    let (first, rest) = RawCommand::split(two).unwrap();
    assert_eq!(
        (first.argument_count(), first.as_bytes().len(), rest.len()),
        (2, 22, 14)
    );
    let (_, rest) = RawCommand::split(rest).unwrap();
    assert!(rest.is_empty());
    for end in 0..22 {
        assert_eq!(
            RawCommand::split(&two[..end]).unwrap_err(),
            RawError::Incomplete,
            "{end}"
        );
    }
    assert_eq!(RawCommand::split(b"*0\r\n").unwrap_err(), RawError::Empty);
    assert_eq!(
        RawCommand::split(b"*1\r\n$0\r\n\r\n").unwrap_err(),
        RawError::Empty
    );
    assert_eq!(
        RawCommand::split(b"PING\r\n").unwrap_err(),
        RawError::Malformed(0)
    );
    assert_eq!(
        RawCommand::split(b"*-1\r\n").unwrap_err(),
        RawError::Malformed(0)
    );
    assert_eq!(
        RawCommand::split(b"*1\r\n:1\r\n").unwrap_err(),
        RawError::Malformed(4)
    );
    assert_eq!(
        RawCommand::split(b"*1\r\n$1\r\nabc").unwrap_err(),
        RawError::Malformed(9)
    );
    assert_eq!(
        RawCommand::split(b"+PING").unwrap_err(),
        RawError::Malformed(0)
    );
}

#[cfg(feature = "float")]
#[test]
fn floats_are_the_shortest_text_that_reads_back() {
    assert_eq!(
        encoded(&cmd("F").args((0.1, -2.5f32, f64::INFINITY, f64::NEG_INFINITY, f64::NAN))),
        encoded(&cmd("F").args(("0.1", "-2.5", "inf", "-inf", "nan")))
    );
}

#[test]
fn a_template_made_at_run_time_is_the_one_made_when_compiling() {
    const PARTS: &[Part] = &[Part::Text("SET"), Part::Hole, Part::Text("EX"), Part::Hole];
    const LEN: usize = Part::constant_len(PARTS);
    static BYTES: [u8; LEN] = Part::constant_bytes(PARTS);
    // Out of the compiler's sight, so that the functions really run.
    let parts = core::hint::black_box(PARTS);
    assert_eq!((Part::holes(parts), Part::constant_len(parts)), (2, LEN));
    assert_eq!(Part::constant_bytes::<LEN>(parts), BYTES);
    let set = Template::<2>::new(parts, &BYTES);
    let built = cmd("SET").args(("k", "EX", 5));
    assert_eq!(encoded(&set.with(("k", 5))), encoded(&built));
    assert_eq!(encoded(&set.with(&("k", 5))), encoded(&built));
}

#[test]
#[should_panic(expected = "the name of a command is constant")]
fn a_template_begins_with_the_name_of_a_command() {
    let _ = Template::<1>::new(core::hint::black_box(&[Part::Hole]), b"*1\r\n\r\n");
}

fn declared(command: &impl Command) -> (Traits, usize) {
    (command.traits(), command.argument_count())
}

#[test]
fn what_a_command_declares_of_itself_is_kept_however_it_is_written() {
    const GET: Template<1> = template!("GET", _).replayable().reply_hint(900);
    let built = cmd("GET").arg("k").replayable().reply_hint(900);
    assert_eq!(built.name(), "GET");
    let set = core::hint::black_box(template!("GET", _));
    let late = set.replayable().reply_hint(900);
    for (traits, arguments) in [
        declared(&built),
        declared(&&built),
        declared(&GET.with(("k",))),
        declared(&late.with(("k",))),
    ] {
        assert_eq!((traits.replayable, traits.reply_hint), (true, 900));
        assert_eq!(arguments, 2);
    }
    // Through a reference it is the same command.
    assert_eq!(encoded(&&built), encoded(&built));
}

#[cfg(feature = "alloc")]
#[test]
fn owned_text_and_bytes_are_arguments_as_borrowed_ones_are() {
    let owned = cmd("SET").args((String::from("key"), vec![0u8, 13, 10]));
    let borrowed = cmd("SET").args(("key", &[0u8, 13, 10]));
    assert_eq!(encoded(&owned), encoded(&borrowed));
}

#[test]
fn the_writer_writes_every_value_as_a_server_does_and_no_line_breaks_in_two() {
    let mut bytes = [0; 96];
    let mut sink = Sink::new(&mut bytes);
    Writer::new(&mut sink)
        .status("a\r\nb")
        .error("ERR x\n")
        .boolean(true)
        .boolean(false)
        .null()
        .null_bulk()
        .null_array()
        .integer(-1)
        .aggregate(crate::Kind::Map, 0);
    let left = sink.room();
    let expected: &[u8] = b"+a  b\r\n-ERR x \r\n#t\r\n#f\r\n_\r\n$-1\r\n*-1\r\n:-1\r\n%0\r\n";
    assert_eq!(&bytes[..96 - left], expected);
}
