//! hiredis, the C client, through the six functions that pipelining takes.
//!
//! The declarations stand here and not in a crate: what the crates bind is their own copy of hiredis, and the one to
//! compare with is the system's.
#![expect(unsafe_code, reason = "calls into a C library")]

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::ptr::{self, NonNull};
use std::slice;

use super::Client;
use crate::Result;
use crate::workload::{Kind, Tally, Workload};

/// The head of `redisContext`: all that is read of it.
#[repr(C)]
struct Context {
    err: c_int,
    errstr: [c_char; 128],
}

#[repr(C)]
struct Reply {
    kind: c_int,
    integer: c_longlong,
    #[cfg(hiredis = "1")]
    double: f64,
    len: usize,
    str: *const u8,
    #[cfg(hiredis = "1")]
    vtype: [c_char; 4],
    elements: usize,
    element: *const NonNull<Reply>,
}

/// `REDIS_REPLY_ERROR`.
const ERROR: c_int = 6;

// SAFETY: the declarations are those of hiredis.h, 0.14 to 1.x.
unsafe extern "C" {
    fn redisConnect(ip: *const c_char, port: c_int) -> *mut Context;
    fn redisFree(context: *mut Context);
    fn redisAppendCommandArgv(
        context: *mut Context,
        argc: c_int,
        argv: *const *const u8,
        argvlen: *const usize,
    ) -> c_int;
    fn redisGetReply(context: *mut Context, reply: *mut *mut c_void) -> c_int;
    fn freeReplyObject(reply: *mut c_void);
}

pub(super) struct Hiredis {
    context: NonNull<Context>,
}

impl Hiredis {
    pub(super) fn connect(port: u16) -> Result<Hiredis> {
        // SAFETY: the address is a string with its zero byte.
        let context = unsafe { redisConnect(c"127.0.0.1".as_ptr(), c_int::from(port)) };
        let hiredis = Hiredis {
            context: NonNull::new(context).ok_or("hiredis is out of memory")?,
        };
        hiredis.status()?;
        Ok(hiredis)
    }

    /// The context's error, if it has one.
    fn status(&self) -> Result<()> {
        // SAFETY: the context lives as long as `self`, and nothing else refers to it during this call.
        let context = unsafe { self.context.as_ref() };
        if context.err == 0 {
            return Ok(());
        }
        // SAFETY: hiredis ends its message with a zero byte inside the array.
        let message = unsafe { CStr::from_ptr(context.errstr.as_ptr()) };
        Err(format!("hiredis: {}", message.to_string_lossy()).into())
    }

    fn append<const N: usize>(&mut self, arguments: [&[u8]; N]) {
        let pointers = arguments.map(<[u8]>::as_ptr);
        let lengths = arguments.map(<[u8]>::len);
        // SAFETY: both arrays hold N entries, and hiredis copies what they point at before it returns.
        unsafe {
            redisAppendCommandArgv(
                self.context.as_ptr(),
                N as c_int,
                pointers.as_ptr(),
                lengths.as_ptr(),
            )
        };
    }

    /// Sends what is appended, reads the next reply and says how many bytes of payload it has.
    fn receive(&mut self) -> Result<usize> {
        let mut reply = ptr::null_mut();
        // SAFETY: the context is alive and `reply` is where the pointer goes.
        let failed = unsafe { redisGetReply(self.context.as_ptr(), &raw mut reply) } != 0;
        if failed {
            self.status()?;
        }
        let reply = NonNull::new(reply).ok_or("hiredis: no reply")?;
        // SAFETY: without an error `reply` is a `redisReply` of hiredis' own making, laid out as `Reply`; it is freed once,
        // after its last use.
        unsafe {
            let whole = reply.cast::<Reply>().as_ref();
            let bytes = if whole.kind == ERROR {
                Err("hiredis: the server replied with an error")
            } else {
                Ok(payload(whole))
            };
            freeReplyObject(reply.as_ptr());
            Ok(bytes?)
        }
    }
}

fn payload(reply: &Reply) -> usize {
    if reply.elements == 0 {
        return reply.len;
    }
    // SAFETY: an aggregate has `elements` pointers to replies, all alive until the reply is freed.
    let elements = unsafe { slice::from_raw_parts(reply.element, reply.elements) };
    // SAFETY: as above.
    elements
        .iter()
        .map(|element| payload(unsafe { element.as_ref() }))
        .sum()
}

impl Client for Hiredis {
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        for _ in 0..count / depth {
            for key in keys.by_ref().take(depth).map(str::as_bytes) {
                match workload.kind {
                    Kind::Set => self.append([b"SET", key, &workload.value]),
                    Kind::Get | Kind::Get4K => self.append([b"GET", key]),
                    Kind::Lrange => self.append([b"LRANGE", key, b"0", b"99"]),
                    Kind::Xadd => self.append([b"XADD", key, b"*", b"sample", &workload.value]),
                }
            }
            for _ in 0..depth {
                tally.add(self.receive()?);
            }
        }
        Ok(tally)
    }
}

impl Drop for Hiredis {
    fn drop(&mut self) {
        // SAFETY: the context came from `redisConnect` and is not used again.
        unsafe { redisFree(self.context.as_ptr()) };
    }
}
