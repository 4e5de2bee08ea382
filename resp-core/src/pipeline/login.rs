//! What the server says to the handshake.

use super::engine::{Engine, Memory};
use super::error::PipelineError;
use super::receive::{Found, is_farewell};
use super::rx::Span;
use crate::login::{Advance, Answer};
use crate::{Kind, Login};

impl Engine {
    /// What the server says to the handshake, `text` being that of an error. `None` if it is a farewell.
    #[inline(never)]
    pub(crate) fn login_answer(
        &mut self,
        mem: &mut Memory<'_>,
        kind: Kind,
        text: Span,
    ) -> Option<Found> {
        if !kind.is_error() {
            return Some(Found::Login(Answer::Yes));
        }
        // What is decided needs no answer: its error ends nothing.
        if !self.handshake.is_ready() {
            self.words = text;
            self.rx.keep(text.at.saturating_add(text.len), mem.rx);
        }
        let said = text.of(mem.rx);
        if is_farewell(said) {
            self.words = text;
            self.fail(PipelineError::LoginRefused);
            return None;
        }
        Some(Found::Login(Answer::of_error(said)))
    }

    /// Books an answer to the handshake.
    #[cold]
    pub(crate) fn login_reply(&mut self, login: &Login<'_>, answer: Answer) {
        match self.handshake.reply(login, answer) {
            Advance::Refused => self.fail(PipelineError::LoginRefused),
            Advance::Ready | Advance::Waiting => {
                // More is received: only what is kept lasts.
                let kept = self.rx.kept().saturating_sub(self.words.at);
                self.words.len = self.words.len.min(kept);
                self.check_login();
            }
        }
    }
}
