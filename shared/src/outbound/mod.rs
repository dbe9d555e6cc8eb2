//! The only sender of HTTP: limits on time and size, no redirects, no retries, no URL in any error.
//!
//! Hosts come from the settings, except merchants' own, which pass the [`guard`]. Retrying is the caller's decision,
//! because only the caller knows whether a second try is safe.

pub mod address;
pub mod error;
pub mod guard;
mod network;
#[cfg(test)]
mod tests;

use bytes::Bytes;
pub use error::{Lost, NotSent, OutboundError};
pub use futures_util::future::BoxFuture;
use guard::{AllowList, PublicOnly, Route};
pub use network::{Network, Roots};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The largest answer of a platform that is read, in bytes. A page of 100 TikTok orders stays below one MiB.
pub const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// The largest answer of a merchant's own host that is read, in bytes.
pub const LARGEST_MERCHANT_ANSWER: usize = 2 * 1024 * 1024;

/// The longest a merchant's own host may take.
pub const MERCHANT_LIMIT: Duration = Duration::from_secs(15);

/// Carries one request: over the network, or within the process (tests and the demo without sockets).
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer within `limit`.
    ///
    /// Errors say whether the other side may have acted, see [`OutboundError`].
    fn send(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, OutboundError>>;
}

/// A cheap handle to the connections of this process.
#[derive(Clone)]
pub struct Outbound {
    open: Arc<dyn Transport>,
    guarded: Arc<dyn Transport>,
    exempt: Arc<dyn Transport>,
    allow: AllowList,
}

impl Outbound {
    /// Over the network, trusting the embedded certificate authorities.
    #[must_use]
    pub fn over_network(allow: AllowList) -> Self {
        Self::trusting(Roots::embedded(), allow)
    }

    /// Over the network, trusting exactly these certificate authorities.
    #[must_use]
    pub fn trusting(roots: Roots, allow: AllowList) -> Self {
        let open = Network::open(roots.clone(), LARGEST_ANSWER);
        let exempt = open.reading_at_most(LARGEST_MERCHANT_ANSWER);
        let resolver = PublicOnly::new(guard::system_lookup());
        let guarded = Network::guarded(roots, resolver, LARGEST_MERCHANT_ANSWER);
        Self { open: Arc::new(open), guarded: Arc::new(guarded), exempt: Arc::new(exempt), allow }
    }

    /// Everything over one transport, without sockets. The guard still judges merchants' URLs.
    #[must_use]
    pub fn in_process(transport: Arc<dyn Transport>, allow: AllowList) -> Self {
        Self { open: Arc::clone(&transport), guarded: Arc::clone(&transport), exempt: transport, allow }
    }

    /// Sends to a host of our own settings.
    ///
    /// # Errors
    /// [`OutboundError`] says whether the other side may have acted. A `limit` of zero sends nothing.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        if limit.is_zero() {
            return Err(OutboundError::never_sent(NotSent::NoTime));
        }
        self.open.send(request, limit).await
    }

    /// Judges an address that a merchant typed, before it is kept. Where its name leads is judged at every request.
    ///
    /// # Errors
    /// [`guard::Refusal`] says which rule it breaks.
    pub fn judge(&self, address: &str) -> Result<(), guard::Refusal> {
        guard::check_url(address, &self.allow).map(|_| ())
    }

    /// Sends to a host that a merchant named: guarded, at most [`MERCHANT_LIMIT`] and [`LARGEST_MERCHANT_ANSWER`].
    /// A redirect is an answer like any other and is not followed.
    ///
    /// # Errors
    /// [`NotSent::Guard`] when the address is refused; else as [`Outbound::send`].
    pub async fn merchant(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        let route = guard::check_url(&request.uri().to_string(), &self.allow)
            .map_err(|refusal| OutboundError::never_sent(NotSent::Guard(refusal)))?;
        if limit.is_zero() {
            return Err(OutboundError::never_sent(NotSent::NoTime));
        }
        let transport = match route {
            Route::Guarded => &self.guarded,
            Route::Exempt => &self.exempt,
        };
        transport.send(request, limit.min(MERCHANT_LIMIT)).await
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound")
    }
}
