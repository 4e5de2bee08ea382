//! The guard: one small state, moved by what is submitted, sent and received.

use super::effect::Effect;
use super::words::Words;
use super::{Refusal, Settled};
use crate::Frame;
use crate::Kind;
use crate::decode::header::{self, Parsed};
use crate::decode::push::{Confirmation, Scope};

/// `CLIENT REPLY`, in the order in which bytes leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mute {
    #[default]
    On,
    /// The next command is owed nothing.
    Skip,
    /// No command is owed anything.
    Off,
}

impl Effect {
    /// Why it has no place on a connection that several callers share. What has no place anywhere
    /// is refused with a reason of its own.
    pub(crate) const fn disturbs_others(self) -> Option<Refusal> {
        match self {
            Self::Blocking => Some(Refusal::BlocksOthers),
            Self::Foreign | Self::Nameless => None,
            _ if self.is_bound() => Some(Refusal::ChangesForOthers),
            _ => None,
        }
    }

    /// The effect of a command behind this. What CLIENT REPLY SKIP silences must leave, so that
    /// it does not silence another one.
    fn behind(self, silenced: Mute) -> Self {
        match silenced {
            Mute::Skip if !self.is_bound() => Self::Binding,
            _ => self,
        }
    }
}

/// The state of one connection's session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    /// Derived from the rest, for the common path: a submit has to look closer.
    watchful: bool,
    /// Submitted, in order: inside MULTI; with a subscription in it.
    in_multi: bool,
    subscribes_in_multi: bool,
    /// Submitted: WATCH, which lasts until the transaction ends.
    watching: bool,
    /// Submitted: something that all later commands depend on, on this connection; the same behind the last
    /// RESET, which undoes what was before when it is answered, and not when it is refused.
    bound: bool,
    bound_since: bool,
    /// RESETs that were not answered.
    resets: u32,
    monitoring: bool,
    /// MONITORs that were not answered: an error speaks for its own only.
    monitors: u32,
    quitting: bool,
    /// Submitted: replies are silenced, for the next command or until further notice.
    silenced: Mute,
    /// Submitted: a subscription; a HELLO that goes back to RESP2, or a RESET, which does where the login had spoken it.
    subscribes: bool,
    may_leave_resp3: bool,
    /// Sent, in order.
    mute: Mute,
    /// Received: speaks RESP3.
    resp3: bool,
    /// Received: MONITOR is on, its lines come between replies.
    lines: bool,
    /// Received: confirmations still owed to the head command, once the first has come.
    confirming: u16,
    channels: u32,
    patterns: u32,
    shards: u32,
}

impl Session {
    /// A session before its connection.
    pub(crate) const NEW: Self = Self {
        watchful: false,
        in_multi: false,
        subscribes_in_multi: false,
        watching: false,
        bound: false,
        bound_since: false,
        resets: 0,
        monitoring: false,
        monitors: 0,
        quitting: false,
        silenced: Mute::On,
        subscribes: false,
        may_leave_resp3: false,
        mute: Mute::On,
        resp3: false,
        lines: false,
        confirming: 0,
        channels: 0,
        patterns: 0,
        shards: 0,
    };

    /// Whether MONITOR's lines come between replies.
    pub(crate) const fn has_lines(&self) -> bool {
        self.lines
    }

    /// The session of a fresh connection.
    pub(crate) fn start(&mut self) {
        *self = Self::NEW;
    }

    /// Whether CLIENT REPLY SKIP silences the next command.
    pub(crate) const fn skips(&self) -> bool {
        matches!(self.silenced, Mute::Skip)
    }

    pub(crate) fn set_resp3(&mut self, resp3: bool) {
        self.resp3 = resp3;
        self.derive();
    }

    pub(crate) const fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// Whether the session is as the handshake left it: nothing submitted has changed it.
    pub(crate) const fn is_clean(&self) -> bool {
        !self.binds() && !self.is_subscribed() && matches!(self.mute, Mute::On)
    }

    /// Whether commands submitted now depend on this connection's session.
    pub(crate) const fn binds(&self) -> bool {
        self.bound || self.in_multi || self.watching
    }

    /// Whether a submit has to look at more than the command's class: it is bound to this
    /// connection, or not every command is taken.
    #[inline]
    pub(crate) const fn is_watchful(&self) -> bool {
        self.watchful
    }

    /// Derives what the common path asks for; called whenever the rest may have changed.
    fn derive(&mut self) {
        // What lets only certain commands pass, QUIT, MONITOR and CLIENT REPLY SKIP, binds too.
        self.watchful = self.binds();
    }

    pub(crate) const fn is_subscribed(&self) -> bool {
        self.channels != 0 || self.patterns != 0 || self.shards != 0
    }

    /// The same as [`admit`](Self::admit) on a connection that several callers share.
    pub(crate) fn admit_shared(
        &mut self,
        special: Option<Words<'_>>,
    ) -> Result<(Effect, u16), Refusal> {
        let effect = special.map_or(Effect::Plain, Effect::of);
        match effect.disturbs_others() {
            Some(refusal) => Err(refusal),
            None => self.admit(special),
        }
    }

    /// Looks at a command that is about to be queued: its effect and how many confirmations it
    /// is owed (zero: as many as there are channels, and never less than one).
    pub(crate) fn admit(&mut self, special: Option<Words<'_>>) -> Result<(Effect, u16), Refusal> {
        let admitted = self.admit_command(special);
        self.derive();
        admitted
    }

    /// Looks at a command that is to be fed in pieces, before it is [admitted](Self::admit).
    pub(crate) fn check_pieces(&self, special: Option<Words<'_>>) -> Result<(), Refusal> {
        match special.map_or(Effect::Plain, Effect::of) {
            _ if self.skips() => Err(Refusal::InPieces),
            Effect::Nameless => Err(Refusal::Empty),
            effect if effect.is_bound() => Err(Refusal::InPieces),
            _ => Ok(()),
        }
    }

    fn admit_command(&mut self, special: Option<Words<'_>>) -> Result<(Effect, u16), Refusal> {
        let mut effect = special.map_or(Effect::Plain, Effect::of);
        if self.quitting {
            return Err(Refusal::Quitting);
        }
        if self.monitoring && !matches!(effect, Effect::Reset | Effect::Quit) {
            return Err(Refusal::Monitoring);
        }
        self.check_silence(effect)?;
        let silenced = self.silenced;
        let Some(words) = special else {
            if self.blurs_exec() {
                return Err(Refusal::PublishInMulti);
            }
            if silenced == Mute::Skip {
                self.silenced = Mute::On;
            }
            return Ok((effect.behind(silenced), 1));
        };
        let channels = words.left().saturating_sub(1);
        if self.in_multi {
            match effect {
                Effect::ReplyOff | Effect::ReplySkip | Effect::ReplyOn => {
                    return Err(Refusal::ReplyInMulti);
                }
                Effect::Hello2 | Effect::Hello3 | Effect::Monitor => {
                    return Err(Refusal::ModeInMulti);
                }
                _ if effect.subscription().is_some() => {
                    if channels != 1 {
                        return Err(Refusal::SubscribeInMulti);
                    }
                    self.subscribes_in_multi = true;
                }
                Effect::Exec | Effect::Discard | Effect::Reset | Effect::Quit => {}
                _ if self.blurs_exec() => return Err(Refusal::PublishInMulti),
                _ => {}
            }
        }
        let owed = match effect.subscription() {
            Some(_) => u16::try_from(channels).map_err(|_| Refusal::TooManyChannels)?,
            None => 1,
        };
        match effect {
            Effect::Foreign => return Err(Refusal::Foreign),
            Effect::Nameless => return Err(Refusal::Empty),
            _ if silenced == Mute::Skip => self.silenced = Mute::On,
            _ => {}
        }
        match effect {
            Effect::ReplyOff => self.silenced = Mute::Off,
            Effect::ReplySkip if silenced != Mute::Off => self.silenced = Mute::Skip,
            Effect::ReplyOn => self.silenced = Mute::On,
            Effect::Hello2 => self.may_leave_resp3 = true,
            Effect::Multi => self.in_multi = true,
            Effect::Exec | Effect::Discard => {
                // Without a MULTI they are errors, and end nothing.
                self.watching &= !self.in_multi;
                self.in_multi = false;
                if effect == Effect::Exec && self.subscribes_in_multi {
                    effect = Effect::ExecConfirming;
                }
                self.subscribes_in_multi = false;
            }
            Effect::Watch => self.watching = true,
            Effect::Unwatch => self.watching = false,
            Effect::Monitor => {
                self.monitoring = true;
                self.monitors = self.monitors.saturating_add(1);
            }
            Effect::Quit => self.quitting = true,
            Effect::Reset => {
                self.in_multi = false;
                self.subscribes_in_multi = false;
                self.monitoring = false;
                self.silenced = Mute::On;
                self.subscribes = false;
                self.may_leave_resp3 = true;
                self.bound |= self.watching;
                self.watching = false;
                self.bound_since = false;
                self.resets = self.resets.saturating_add(1);
            }
            _ => {}
        }
        self.subscribes |= effect.subscription().is_some();
        self.bound |= effect.lasts();
        self.bound_since |= effect.lasts();
        Ok((effect.behind(silenced), owed))
    }

    /// Whether a command submitted now may run under RESP2.
    const fn may_speak_resp2(&self) -> bool {
        !self.resp3 || self.may_leave_resp3
    }

    /// Whether a message that a command submitted now publishes to ourselves would look like one of EXEC's
    /// elements. Whatever touches a key may publish (`notify-keyspace-events`).
    const fn blurs_exec(&self) -> bool {
        self.in_multi && self.subscribes_in_multi && self.may_speak_resp2()
    }

    /// What would leave the client guessing whether replies are silenced.
    fn check_silence(&self, effect: Effect) -> Result<(), Refusal> {
        let replies = matches!(
            effect,
            Effect::ReplyOff | Effect::ReplySkip | Effect::ReplyOn
        );
        if replies && self.subscribes && self.may_speak_resp2() {
            return Err(Refusal::ReplyAndSubscribe);
        }
        if self.silenced == Mute::On {
            return Ok(());
        }
        match effect {
            Effect::Hello2 | Effect::Hello3 | Effect::Monitor | Effect::Quit => {
                Err(Refusal::ModeInSilence)
            }
            // It ends OFF and is answered; SKIP it leaves alone (Redis 7.0, `clearClientConnectionState`).
            Effect::Reset if self.skips() => Err(Refusal::ModeInSilence),
            _ if effect.subscription().is_some() => Err(Refusal::ReplyAndSubscribe),
            _ => Ok(()),
        }
    }

    /// Whether passing this command to the network could matter to [`sent`](Self::sent).
    #[inline]
    pub(crate) fn watches(&self, effect: Effect) -> bool {
        effect != Effect::Plain || self.mute != Mute::On
    }

    /// Notes that a command's last byte has left; whether it is owed no reply.
    pub(crate) fn sent(&mut self, effect: Effect) -> bool {
        let muted = self.mute != Mute::On;
        match (effect, self.mute) {
            (Effect::ReplyOn, _) => {
                self.mute = Mute::On;
                return false;
            }
            (Effect::Reset, _) => {
                // Redis 7.0, `resetCommand`: replies that were off are on again, and +RESET is one.
                self.mute = Mute::On;
                return false;
            }
            (Effect::ReplyOff, _) => {
                self.mute = Mute::Off;
                return true;
            }
            (Effect::ReplySkip, Mute::On | Mute::Skip) => {
                self.mute = Mute::Skip;
                return true;
            }
            (_, Mute::Skip) => self.mute = Mute::On,
            _ => {}
        }
        muted
    }

    /// Decides what a frame is that arrived while this command is the oldest that was sent.
    ///
    /// A scalar for a plain command needs no decision: the lines that MONITOR puts between replies
    /// are scalars too, but behind it only RESET and QUIT are outstanding.
    pub(crate) fn settle(
        &mut self,
        head: Option<(Effect, u16)>,
        bytes: &[u8],
        frame: Frame,
    ) -> Settled {
        let confirmed = self.confirmation(bytes, frame);
        self.settle_as(confirmed, head, bytes, frame)
    }

    /// The same for a frame of which only the first bytes were kept, and the last: a confirmation
    /// ends with its count.
    pub(crate) fn settle_cut(
        &mut self,
        head: Option<(Effect, u16)>,
        bytes: &[u8],
        frame: Frame,
        last: &[u8],
    ) -> Settled {
        let confirmed = match frame.kind {
            Kind::Push | Kind::Array => Confirmation::of(first_text(bytes, frame)),
            _ => None,
        };
        let confirmed = confirmed.map(|this| (this, last_count(last)));
        self.settle_as(confirmed, head, bytes, frame)
    }

    /// Whether an array, of which only the first bytes need be there, is a push in disguise on a
    /// subscribed RESP2 connection.
    pub(crate) fn is_message(&self, bytes: &[u8], frame: Frame) -> bool {
        frame.kind == Kind::Array
            && self.is_subscribed()
            && !self.resp3
            && matches!(
                first_text(bytes, frame),
                b"message" | b"pmessage" | b"smessage"
            )
    }

    fn settle_as(
        &mut self,
        confirmed: Option<(Confirmation, u32)>,
        head: Option<(Effect, u16)>,
        bytes: &[u8],
        frame: Frame,
    ) -> Settled {
        let settled = self.settle_frame(confirmed, head, bytes, frame);
        self.derive();
        settled
    }

    fn settle_frame(
        &mut self,
        confirmed: Option<(Confirmation, u32)>,
        head: Option<(Effect, u16)>,
        bytes: &[u8],
        frame: Frame,
    ) -> Settled {
        if let Some((confirmation, count)) = confirmed {
            let awaited = head.is_some_and(|(effect, _)| {
                effect.subscription() == Some((confirmation.scope, confirmation.subscribed))
            });
            if frame.kind == Kind::Push || awaited {
                let before = self.count(confirmation.scope);
                self.book(confirmation, count);
                if !awaited {
                    return Settled::Push;
                }
                return self.confirm(head.map_or(1, |(_, owed)| owed), before);
            }
        }
        if frame.kind == Kind::Push {
            return Settled::Push;
        }
        if self.is_message(bytes, frame) {
            return Settled::Push;
        }
        let effect = head.map_or(Effect::Plain, |(effect, _)| effect);
        let text = text(bytes, frame);
        if self.lines && frame.kind == Kind::Status {
            let answers = match effect {
                Effect::Reset => text == b"RESET",
                Effect::Quit => text == b"OK",
                _ => false,
            };
            if !answers {
                return Settled::Push;
            }
        }
        if frame.kind.is_error() {
            match effect {
                Effect::Monitor => {
                    self.monitors = self.monitors.saturating_sub(1);
                    self.monitoring &= self.monitors > 0;
                }
                Effect::Reset => self.resets = self.resets.saturating_sub(1),
                Effect::Unwatch => self.watching = true,
                Effect::Quit => self.quitting = false,
                _ => {}
            }
            return Settled::Answered;
        }
        match effect {
            Effect::Reset => {
                self.resets = self.resets.saturating_sub(1);
                if self.resets == 0 {
                    self.bound = self.bound_since;
                }
                *self = Self {
                    // What was submitted behind it stays submitted.
                    in_multi: self.in_multi,
                    subscribes_in_multi: self.subscribes_in_multi,
                    monitoring: self.monitoring,
                    monitors: self.monitors,
                    watching: self.watching,
                    bound: self.bound,
                    bound_since: self.bound_since,
                    resets: self.resets,
                    quitting: self.quitting,
                    silenced: self.silenced,
                    subscribes: self.subscribes,
                    may_leave_resp3: self.may_leave_resp3,
                    ..Self::NEW
                };
                return Settled::LogInAgain;
            }
            Effect::Quit => return Settled::Closing,
            Effect::Monitor => {
                self.monitors = self.monitors.saturating_sub(1);
                self.lines = true;
            }
            Effect::Hello2 => self.resp3 = false,
            Effect::Hello3 => self.resp3 = true,
            Effect::ExecConfirming => self.look_into(bytes, frame),
            _ => {}
        }
        Settled::Answered
    }

    /// One confirmation for the head command has come; `before` channels were subscribed.
    fn confirm(&mut self, owed: u16, before: u32) -> Settled {
        if self.confirming == 0 {
            // UNSUBSCRIBE of no channel answers once for each that there is, and at least once.
            self.confirming = match owed {
                0 => u16::try_from(before).unwrap_or(u16::MAX).max(1),
                n => n,
            };
        }
        self.confirming = self.confirming.saturating_sub(1);
        match self.confirming {
            0 => Settled::Answered,
            _ => Settled::Push,
        }
    }

    const fn count(&self, scope: Scope) -> u32 {
        match scope {
            Scope::Channels => self.channels,
            Scope::Patterns => self.patterns,
            Scope::Shards => self.shards,
        }
    }

    /// A confirmation counts channels and patterns together, shard channels apart.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn book(&mut self, confirmation: Confirmation, count: u32) {
        match confirmation.scope {
            Scope::Channels => self.channels = count.saturating_sub(self.patterns),
            Scope::Patterns => self.patterns = count.saturating_sub(self.channels),
            Scope::Shards => self.shards = count,
        }
    }

    fn confirmation(&self, bytes: &[u8], frame: Frame) -> Option<(Confirmation, u32)> {
        // A kind, a channel, a count.
        if !matches!(frame.kind, Kind::Push | Kind::Array) || frame.value != 3 {
            return None;
        }
        let mut rest = bytes.get(frame.body..frame.len)?;
        let confirmation = Confirmation::of(take_text(&mut rest)?)?;
        take_text(&mut rest)?;
        match header::parse(rest, 0) {
            Ok(Parsed::Header(count)) if count.kind == Kind::Integer => {
                Some((confirmation, u32::try_from(count.value).unwrap_or(0)))
            }
            _ => None,
        }
    }

    /// Books the confirmations among the elements of an EXEC.
    fn look_into(&mut self, bytes: &[u8], frame: Frame) {
        let mut rest = bytes.get(frame.body..frame.len).unwrap_or_default();
        // A confirmation holds no aggregate: each header is looked at once.
        while let Ok(Parsed::Header(found)) = header::parse(rest, 0) {
            if matches!(found.kind, Kind::Array | Kind::Push) {
                let inner = Frame::at(found, 0, rest.len());
                if let Some((confirmation, count)) = self.confirmation(rest, inner) {
                    self.book(confirmation, count);
                }
            }
            let after = match found.kind.is_bulk() {
                true => usize::try_from(found.value)
                    .unwrap_or(usize::MAX)
                    .saturating_add(found.len)
                    .saturating_add(2),
                false => found.len,
            };
            rest = rest.get(after..).unwrap_or_default();
        }
    }
}

/// The integer that these bytes end with.
fn last_count(bytes: &[u8]) -> u32 {
    let start = bytes.iter().rposition(|&byte| byte == b':');
    let last = start.and_then(|start| bytes.get(start..));
    match last.map(|last| header::parse(last, 0)) {
        Some(Ok(Parsed::Header(count))) => u32::try_from(count.value).unwrap_or(0),
        _ => 0,
    }
}

/// The text of a frame that is one line.
fn text(bytes: &[u8], frame: Frame) -> &[u8] {
    let end = frame.len.saturating_sub(2);
    bytes.get(frame.body..end).unwrap_or_default()
}

/// The first element of an aggregate, if it is a string.
fn first_text(bytes: &[u8], frame: Frame) -> &[u8] {
    // Of a frame that is cut there are fewer bytes; what lies behind a whole one is the next one's.
    let end = frame.len.min(bytes.len());
    let mut rest = bytes.get(frame.body..end).unwrap_or_default();
    take_text(&mut rest).unwrap_or_default()
}

/// Steps over a string or a null, and gives its text.
fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let Ok(Parsed::Header(found)) = header::parse(rest, 0) else {
        return None;
    };
    let (start, len, end) = match found.kind {
        Kind::Bulk => (found.len, usize::try_from(found.value).ok()?, 2),
        Kind::Status => (1, found.len.saturating_sub(3), 2),
        Kind::Null => (found.len, 0, 0),
        _ => return None,
    };
    let stop = start.checked_add(len)?;
    let text = rest.get(start..stop)?;
    *rest = rest.get(stop.saturating_add(end)..)?;
    Some(text)
}
