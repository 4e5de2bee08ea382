//! Who listens to which channel.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::replies::Replies;

/// The writing side of a connection: its own thread writes replies, publishers write messages, each whole.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) id: u64,
    pub(super) resp3: AtomicBool,
    stream: Mutex<TcpStream>,
}

/// The subscribers of every channel.
#[derive(Debug, Default)]
pub(super) struct Channels(Mutex<HashMap<Vec<u8>, Vec<Arc<Outlet>>>>);

impl Outlet {
    pub(super) fn new(id: u64, stream: TcpStream) -> Self {
        Self {
            id,
            resp3: AtomicBool::new(false),
            stream: Mutex::new(stream),
        }
    }

    /// Writes all of these bytes, or ends the connection: half a value must not be followed by another.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream
            .write_all(bytes)
            .inspect_err(|_| drop(stream.shutdown(Shutdown::Both)))
    }
}

impl Channels {
    pub(super) fn subscribe(&self, channel: &[u8], outlet: &Arc<Outlet>) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subscribers = channels.entry(channel.to_vec()).or_default();
        if !subscribers
            .iter()
            .any(|subscriber| subscriber.id == outlet.id)
        {
            subscribers.push(Arc::clone(outlet));
        }
    }

    pub(super) fn unsubscribe(&self, channel: &[u8], id: u64) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subscribers) = channels.get_mut(channel) {
            subscribers.retain(|subscriber| subscriber.id != id);
            if subscribers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Sends a message to all subscribers and says how many there are. The publisher's own copy goes among its replies, where it
    /// stands at this moment.
    pub(super) fn publish(
        &self,
        channel: &[u8],
        text: &[u8],
        own: u64,
        replies: &mut Replies,
    ) -> usize {
        let subscribers = {
            let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            channels.get(channel).cloned().unwrap_or_default()
        };
        for subscriber in &subscribers {
            let mut message = Replies::new(subscriber.resp3.load(Ordering::Acquire));
            message.push(3);
            message.bulk(b"message");
            message.bulk(channel);
            message.bulk(text);
            if subscriber.id == own {
                replies.append(message.as_bytes());
            } else {
                // A subscriber that does not read is closed, as Redis does beyond its output-buffer limit.
                let _ = subscriber.write(message.as_bytes());
            }
        }
        subscribers.len()
    }
}
