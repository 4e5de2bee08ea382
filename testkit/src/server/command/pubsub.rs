//! Channels.

use super::super::connection::Connection;
use super::super::replies::Replies;
use super::Answer;

impl Connection {
    pub(super) fn publish(&mut self, arguments: &[&[u8]]) -> Answer {
        let [channel, text] = arguments else {
            return Err(super::wrong_count("PUBLISH"));
        };
        let receivers =
            self.shared
                .channels
                .publish(channel, text, self.outlet.id, &mut self.replies);
        self.replies.count(receivers);
        Ok(())
    }

    pub(super) fn subscribe(&mut self, channels: &[&[u8]]) -> Answer {
        for channel in channels {
            self.shared.channels.subscribe(channel, &self.outlet);
            self.session.channels.insert(channel.to_vec());
            self.confirm(b"subscribe", Some(channel));
        }
        Ok(())
    }

    /// Of none: of all, with as many confirmations as there are channels, one if there are none.
    pub(super) fn unsubscribe(&mut self, channels: &[&[u8]]) -> Answer {
        let channels: Vec<Vec<u8>> = match channels {
            [] => self.session.channels.iter().cloned().collect(),
            some => some.iter().map(|channel| channel.to_vec()).collect(),
        };
        for channel in &channels {
            self.shared.channels.unsubscribe(channel, self.outlet.id);
            self.session.channels.remove(channel);
            self.confirm(b"unsubscribe", Some(channel));
        }
        if channels.is_empty() {
            self.confirm(b"unsubscribe", None);
        }
        Ok(())
    }

    /// Without a word, when the connection ends.
    pub(in super::super) fn unsubscribe_all(&mut self) {
        for channel in core::mem::take(&mut self.session.channels) {
            self.shared.channels.unsubscribe(&channel, self.outlet.id);
        }
    }

    /// A confirmation comes whatever CLIENT REPLY says.
    fn confirm(&mut self, what: &[u8], channel: Option<&[u8]>) {
        let mut confirmation = Replies::new(self.replies.resp3);
        confirmation.push(3);
        confirmation.bulk(what);
        confirmation.bulk_or_null(channel);
        confirmation.count(self.session.channels.len());
        self.replies.append(confirmation.as_bytes());
    }
}
