//! Why there is no page.

use std::fmt;
use std::time::Duration;

use palisade_guards::network::Refusal;

use crate::dial::DialError;

/// Why there is no page, in words for the person who asked for it.
#[derive(Debug)]
pub enum FetchError {
    /// The address guard refused an address, an answer or a redirect.
    Refused(Refusal),
    /// There is no connection.
    Dial(DialError),
    /// The other end could not prove who it is.
    Tls {
        /// The host.
        host: String,
        /// What failed.
        why: String,
    },
    /// What the server said is no HTTP, or it stopped in the middle.
    Http(String),
    /// It took longer than it may.
    TooSlow(Duration),
    /// Nothing came for longer than is waited.
    Silent(Duration),
    /// The page is larger than it may be, in bytes.
    TooLarge(u64),
    /// The page unpacks to more than it may be, in bytes.
    UnpacksTooLarge(u64),
    /// The page unpacks to more than that many times its size.
    Bomb(u64),
    /// It is packed in a way that was not asked for.
    Packing(String),
    /// It is not text.
    NotText(String),
    /// The permit is for something else.
    NotAFetch,
}

impl FetchError {
    /// The refusal of the address guard, where that is the reason.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Dial(DialError::Refused(refusal)) => Some(refusal),
            Self::Dial(_)
            | Self::Tls { .. }
            | Self::Http(_)
            | Self::TooSlow(_)
            | Self::Silent(_)
            | Self::TooLarge(_)
            | Self::UnpacksTooLarge(_)
            | Self::Bomb(_)
            | Self::Packing(_)
            | Self::NotText(_)
            | Self::NotAFetch => None,
        }
    }

    /// What to do about it, where something can be done.
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::TooSlow(_) | Self::Silent(_) => {
                Some("`tools.fetch.limits.time_s` and `idle_s` say how long is waited")
            }
            Self::TooLarge(_) | Self::UnpacksTooLarge(_) => {
                Some("`tools.fetch.limits.body_kb` says how large a page may be")
            }
            Self::NotText(_) => Some("only text is fetched; download a file with a command"),
            Self::Tls { .. } => Some("the certificate must be one that this system trusts"),
            Self::Refused(_)
            | Self::Dial(_)
            | Self::Http(_)
            | Self::Bomb(_)
            | Self::Packing(_)
            | Self::NotAFetch => None,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(out),
            Self::Dial(error) => error.fmt(out),
            Self::Tls { host, why } => write!(out, "no encrypted connection to `{host}`: {why}"),
            Self::Http(why) => write!(out, "the server does not speak HTTP as it should: {why}"),
            Self::TooSlow(time) => write!(out, "it took longer than {} s", time.as_secs()),
            Self::Silent(time) => write!(out, "the server sent nothing for {} s", time.as_secs()),
            Self::TooLarge(bytes) => write!(out, "the page is larger than {bytes} bytes"),
            Self::UnpacksTooLarge(bytes) => {
                write!(out, "the page unpacks to more than {bytes} bytes")
            }
            Self::Bomb(times) => {
                write!(out, "the page unpacks to more than {times} times its size")
            }
            Self::Packing(how) => {
                write!(out, "the page is packed as `{how}`, which cannot be unpacked")
            }
            Self::NotText(what) => write!(out, "the server sent `{what}`, which is not text"),
            Self::NotAFetch => write!(out, "the permit is not for an address"),
        }
    }
}

impl std::error::Error for FetchError {}

/// The beginning of what a server said: enough to recognise it by.
pub(crate) fn brief(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or("")),
    }
}
