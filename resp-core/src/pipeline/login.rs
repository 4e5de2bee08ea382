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
        let said = text.of(mem.rx);
        let answer = Answer::of_error(said);
        if is_farewell(said) {
            self.words = text;
            self.fail(PipelineError::LoginRefused);
            return None;
        }
        // What is decided needs no answer: its error ends nothing.
        if !self.handshake.is_ready() {
            self.words = self.rx.keep_text(text, mem.rx);
        }
        Some(Found::Login(answer))
    }

    /// Books an answer to the handshake.
    #[cold]
    pub(crate) fn login_reply(&mut self, login: &Login<'_>, answer: Answer) {
        match self.handshake.reply(login, answer) {
            Advance::Refused => self.fail(PipelineError::LoginRefused),
            Advance::Ready | Advance::Waiting => self.check_login(),
        }
    }
}
