//! What goes wrong, and when.

use core::time::Duration;

use crate::Result;

/// One thing that goes wrong, or a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Redis is killed, and started again so much later.
    Kill(Duration),
    /// Redis is stopped for so long: its kernel still takes and acknowledges what comes.
    Stop(Duration),
    /// The network's plug is out for so long.
    LinkDown(Duration),
    /// The connection is reset.
    Reset,
    /// Redis closes the connection.
    Close,
    /// The device is reset: what was only in its RAM is gone, and its clock is set back.
    Reboot,
    /// Nothing.
    Wait(Duration),
}

/// Faults in their order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script(pub(crate) Vec<Fault>);

impl Script {
    /// Everything once, with time between to recover.
    pub(crate) fn standard() -> Self {
        let text = "wait:1,reset,wait:1,kill:1,wait:2,stop:3,wait:2,link:1,wait:2,link:5,wait:3,\
                    close,wait:1,reboot,wait:2,kill:0,wait:1,stop:0.3,wait:1";
        Self::parse(text).unwrap_or(Self(Vec::new()))
    }

    /// How many faults there are, pauses apart.
    pub(crate) fn faults(&self) -> usize {
        self.0.iter().filter(|fault| fault.is_fault()).count()
    }

    /// The longest fault or pause.
    pub(crate) fn longest(&self) -> Duration {
        self.0
            .iter()
            .map(|fault| fault.span())
            .max()
            .unwrap_or_default()
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let faults = text.split(',').map(|word| Fault::parse(word.trim()));
        Ok(Self(faults.collect::<Result<_>>()?))
    }
}

impl Fault {
    /// Whether it is more than a pause.
    pub(crate) const fn is_fault(self) -> bool {
        !matches!(self, Self::Wait(_))
    }

    const fn span(self) -> Duration {
        match self {
            Self::Kill(span) | Self::Stop(span) | Self::LinkDown(span) | Self::Wait(span) => span,
            Self::Reset | Self::Close | Self::Reboot => Duration::ZERO,
        }
    }

    fn parse(word: &str) -> Result<Self> {
        let unknown = || format!("`{word}` is no fault; see --help");
        let (name, seconds) = match word.split_once(':') {
            Some((name, seconds)) => {
                let seconds: f64 = seconds.parse().map_err(|_| unknown())?;
                let span = Duration::try_from_secs_f64(seconds).map_err(|_| unknown())?;
                (name, Some(span))
            }
            None => (word, None),
        };
        Ok(match (name, seconds) {
            ("kill", Some(span)) => Self::Kill(span),
            ("stop", Some(span)) => Self::Stop(span),
            ("link", Some(span)) => Self::LinkDown(span),
            ("wait", Some(span)) => Self::Wait(span),
            ("reset", None) => Self::Reset,
            ("close", None) => Self::Close,
            ("reboot", None) => Self::Reboot,
            _ => return Err(unknown().into()),
        })
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Kill(Duration::ZERO) => f.write_str("Redis is killed, and back at once"),
            Self::Kill(span) => write!(f, "Redis is killed, and back in {span:?}"),
            Self::Stop(span) => write!(f, "Redis is stopped for {span:?}"),
            Self::LinkDown(span) => write!(f, "the link is down for {span:?}"),
            Self::Reset => f.write_str("the connection is reset"),
            Self::Close => f.write_str("Redis closes the connection"),
            Self::Reboot => f.write_str("the device is reset, its clock set back"),
            Self::Wait(span) => write!(f, "nothing for {span:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_and_what_is_no_fault_is_refused() -> Result {
        let script = Script::parse("wait:0.5, kill:1,reset")?;
        let expected = [
            Fault::Wait(Duration::from_millis(500)),
            Fault::Kill(Duration::from_secs(1)),
            Fault::Reset,
        ];
        assert_eq!(script.0, expected);
        assert_eq!(script.longest(), Duration::from_secs(1));
        for wrong in ["", "kill", "reset:1", "link:-1", "link:x", "fire:1"] {
            assert!(Script::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Script::standard().faults(), 9);
        Ok(())
    }
}
