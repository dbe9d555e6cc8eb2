//! What can go wrong between us and another host, named by what the caller can do.

use super::guard::Refusal;
use std::error::Error as StdError;
use std::fmt;

/// The cause below, for logs. It never holds the URL.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// A request without an answer.
///
/// TikTok's token calls carry the app secret in the URL, so neither the text nor any source shows a URL or a query.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Nothing reached the other side: safe to send again.
    #[error("the request was not sent: {why}")]
    NeverSent {
        /// Why.
        why: NotSent,
        /// The library's own error.
        #[source]
        source: Option<Cause>,
    },
    /// The other side may have acted on it: after a write, read before anything else.
    #[error("no usable answer came: {why}")]
    MaybeSent {
        /// What happened to the answer.
        why: Lost,
        /// The library's own error.
        #[source]
        source: Option<Cause>,
    },
    /// An answer came, and it is larger than we read. The other side has acted.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The most we read, in bytes.
        limit: usize,
    },
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// No time was left for the call.
    NoTime,
    /// The request itself cannot be sent (no host, unknown scheme).
    Malformed,
    /// The name has no address now.
    Dns,
    /// Connection or TLS handshake failed.
    Connect,
    /// The guard for merchant-supplied addresses refused it.
    Guard(Refusal),
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTime => f.write_str("no time was left"),
            Self::Malformed => f.write_str("the request is malformed"),
            Self::Dns => f.write_str("the host's name has no address"),
            Self::Connect => f.write_str("the connection or its TLS handshake failed"),
            Self::Guard(refusal) => write!(f, "{refusal}"),
        }
    }
}

/// What happened to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It did not come in time.
    TimedOut,
    /// The connection broke before the answer began.
    Reset,
    /// The connection broke, or the answer turned unreadable, in its middle.
    Truncated,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "time ran out",
            Self::Reset => "the connection broke",
            Self::Truncated => "the answer broke off",
        })
    }
}

impl OutboundError {
    /// Nothing was sent, without a library's error below.
    #[must_use]
    pub fn never_sent(why: NotSent) -> Self {
        Self::NeverSent { why, source: None }
    }

    /// Sent or not, nobody knows; without a library's error below.
    #[must_use]
    pub fn maybe_sent(why: Lost) -> Self {
        Self::MaybeSent { why, source: None }
    }

    /// Whether the other side cannot have acted.
    #[must_use]
    pub fn surely_not_sent(&self) -> bool {
        matches!(self, Self::NeverSent { .. })
    }
}
