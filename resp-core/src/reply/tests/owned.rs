use std::format;

use super::reply;
use crate::reply::{FixedReply, Found};

#[test]
fn a_copy_says_what_the_reply_said_when_its_bytes_are_gone() {
    let mut bytes = b"|1\r\n+a\r\n:1\r\n*2\r\n:1\r\n$2\r\nhi\r\n".to_vec();
    let copy: FixedReply<64> = reply(&bytes).try_into().unwrap();
    let original = bytes.clone();
    bytes.fill(0);
    assert_eq!(copy.as_reply().as_raw(), original);
    assert_eq!(copy.as_reply().to::<(i64, &str)>(), Ok((1, "hi")));
    assert_eq!(copy.as_reply().attributes().count(), 1);
    assert_eq!(format!("{copy:?}"), format!("{:?}", reply(&original)));
}

#[test]
fn a_reply_of_exactly_the_capacity_fits_and_one_byte_more_does_not() {
    let ok = reply(b"+OK\r\n");
    assert!(FixedReply::<5>::try_from(ok).unwrap().as_reply().is_ok());
    let error = FixedReply::<4>::try_from(ok).unwrap_err();
    let (len, capacity) = (5, 4);
    assert_eq!(error.found(), Found::TooLong { len, capacity });
}

#[test]
fn elements_can_be_copied_by_conversion() {
    let pair = reply(b"*2\r\n-ERR x\r\n%1\r\n:1\r\n:2\r\n");
    let (error, map): (FixedReply<16>, FixedReply<16>) = pair.to().unwrap();
    assert!(error.as_reply().error().is_some());
    assert_eq!(map.as_reply().to::<(i64, i64)>(), Ok((1, 2)));
    let itself: FixedReply<64> = pair.to().unwrap();
    assert_eq!(itself.as_reply(), pair);
}

#[cfg(feature = "alloc")]
#[test]
fn a_copy_on_the_heap_is_one_of_any_size() {
    use crate::reply::OwnedReply;
    use std::vec::Vec;

    let copies: Vec<OwnedReply> = {
        let bytes = b"*2\r\n|0\r\n:1\r\n*1\r\n+x\r\n".to_vec();
        reply(&bytes).to().unwrap()
    };
    let raw: Vec<&[u8]> = copies.iter().map(|copy| copy.as_reply().as_raw()).collect();
    assert_eq!(raw, [&b"|0\r\n:1\r\n"[..], b"*1\r\n+x\r\n"]);
    let whole = OwnedReply::from(copies[1].as_reply());
    assert_eq!(whole.as_reply().to::<[&str; 1]>(), Ok(["x"]));
    assert_eq!(format!("{whole:?}"), format!("{:?}", whole.as_reply()));
}
