//! The transport over real sockets: one TLS stack (ring), embedded root certificates, connections kept for reuse.

use super::error::{Lost, NotSent, OutboundError};
use super::guard::{PublicOnly, Refusal};
use super::{BoxFuture, Transport};
use bytes::{Bytes, BytesMut};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// To connect, TLS included. Shorter than any call's limit, so that a host that does not answer is told apart from one
/// that got the request and stays silent.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// How long an unused connection is kept. Most servers close idle ones after a minute; a write on a connection that the
/// other side is about to close has an unknown outcome.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// The certificate authorities a connection trusts: nothing of the machine's own store.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Mozilla's list, embedded. Reading the system's store would cost several times the rest of a cold start.
    #[must_use]
    pub fn embedded() -> Self {
        Self::only(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned())
    }

    /// Exactly these; for a private certificate authority, and for tests.
    #[must_use]
    pub fn only(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates);
        Self(Arc::new(store))
    }
}

/// Sends over the network. Its client is made at the first use: a function that calls no merchant never pays for
/// the guarded one.
pub struct Network {
    roots: Roots,
    resolver: Option<PublicOnly>,
    most: usize,
    client: Arc<OnceLock<reqwest::Client>>,
}

impl Network {
    /// For the hosts of our own settings. `most` is the largest answer read, in bytes.
    #[must_use]
    pub fn open(roots: Roots, most: usize) -> Self {
        Self { roots, resolver: None, most, client: Arc::default() }
    }

    /// For merchants' hosts: only the addresses that `resolver` lets through.
    #[must_use]
    pub fn guarded(roots: Roots, resolver: PublicOnly, most: usize) -> Self {
        Self { roots, resolver: Some(resolver), most, client: Arc::default() }
    }

    /// The same connections with another limit on the answer's size, in bytes.
    #[must_use]
    pub fn reading_at_most(&self, most: usize) -> Self {
        let (roots, resolver) = (self.roots.clone(), self.resolver.clone());
        Self { roots, resolver, most, client: Arc::clone(&self.client) }
    }

    fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built =
            self.build().map_err(|source| OutboundError::NeverSent { why: NotSent::Connect, source: Some(source) })?;
        Ok(self.client.get_or_init(|| built))
    }

    fn build(&self) -> Result<reqwest::Client, super::error::Cause> {
        // The provider is named here, so nothing depends on what the process installed as its default.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots.0))
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .user_agent(concat!("waybill/", env!("CARGO_PKG_VERSION")));
        if let Some(resolver) = &self.resolver {
            builder = builder.https_only(true).dns_resolver(resolver.clone());
        }
        builder.build().map_err(|error| error.without_url().into())
    }

    async fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, OutboundError> {
        let request = reqwest::Request::try_from(request).map_err(|error| unsent(NotSent::Malformed, error))?;
        let mut answer = self.client()?.execute(request).await.map_err(of_sending)?;
        if self.resolver.is_some() && answer.remote_addr().is_some_and(|to| !super::address::is_public(to.ip())) {
            // Cannot happen while the resolver works; if it ever does, nothing of the answer gets out.
            return Err(OutboundError::MaybeSent {
                why: Lost::Truncated,
                source: Some(Refusal::PrivateAddress.into()),
            });
        }
        let too_large = OutboundError::TooLarge { limit: self.most };
        if answer.content_length().is_some_and(|length| length > self.most as u64) {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(of_reading)? {
            if body.len() + chunk.len() > self.most {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl Transport for Network {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, OutboundError>> {
        Box::pin(async move {
            match tokio::time::timeout(limit, self.exchange(request)).await {
                Ok(answer) => answer,
                Err(_) => Err(OutboundError::maybe_sent(Lost::TimedOut)),
            }
        })
    }
}

fn unsent(why: NotSent, error: reqwest::Error) -> OutboundError {
    OutboundError::NeverSent { why, source: Some(error.without_url().into()) }
}

fn of_sending(error: reqwest::Error) -> OutboundError {
    if let Some(refusal) = refusal_below(&error) {
        return OutboundError::never_sent(NotSent::Guard(refusal));
    }
    if error.is_builder() {
        unsent(NotSent::Malformed, error)
    } else if error.is_dns() {
        unsent(NotSent::Dns, error)
    } else if error.is_connect() {
        unsent(NotSent::Connect, error)
    } else {
        let why = if error.is_timeout() { Lost::TimedOut } else { Lost::Reset };
        OutboundError::MaybeSent { why, source: Some(error.without_url().into()) }
    }
}

fn of_reading(error: reqwest::Error) -> OutboundError {
    let why = if error.is_timeout() { Lost::TimedOut } else { Lost::Truncated };
    OutboundError::MaybeSent { why, source: Some(error.without_url().into()) }
}

/// The guard's refusal inside the layers of a connection error.
fn refusal_below(error: &(dyn StdError + 'static)) -> Option<Refusal> {
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(*refusal);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(refusal) = inner.and_then(|inner| inner.downcast_ref::<Refusal>()) {
            return Some(*refusal);
        }
        below = error.source();
    }
    None
}
