//! The accept loop that everything on this machine shares: the functions, the table's socket, the models.
//!
//! It outlives what strangers do to it. A shortage of files is waited out; at most so many connections are open; and when
//! all places are taken, the connection that has asked for nothing for the longest time makes room for the new one. So
//! whoever opens connections and says nothing takes the place of nobody but themselves.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

/// After an accept that failed. Long enough to cost nothing, short enough that nobody gives up meanwhile.
const BREATHE: Duration = Duration::from_millis(50);
/// How long a connection that has to make room may take.
const MAKE_ROOM: Duration = Duration::from_millis(20);

/// What strangers may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// The time for a request's head, and between two requests of a connection.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, head: Duration::from_secs(10) }
    }
}

/// Who is at the other end, as far as the connection tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An address.
    Net(IpAddr),
    /// A process of this machine, under this user.
    User(Option<u32>),
}

impl Peer {
    /// Whether it is a process of this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Net(address) => address.to_canonical().is_loopback(),
            Self::User(_) => true,
        }
    }
}

/// Something that connections come in by.
pub trait Listener {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, address) = self.accept().await?;
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::Net(address.ip())))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.accept().await?;
        let user = stream.peer_cred().ok().map(|cred| cred.uid());
        Ok((stream, Peer::User(user)))
    }
}

/// What the loop saw so far, for whoever measures.
#[derive(Debug, Default)]
pub struct Seen {
    /// Connections that are open.
    pub open: AtomicU64,
    /// Connections so far.
    pub accepted: AtomicU64,
    /// Connections that made room for others.
    pub evicted: AtomicU64,
    /// Accepts that failed.
    pub failed: AtomicU64,
}

/// One open connection.
#[derive(Debug, Default)]
struct Place {
    /// A request of it is worked on: it is not taken away.
    busy: AtomicBool,
    leave: Notify,
}

/// Who asks. Its connection may have to make room for another one whenever nothing is being done for it.
#[derive(Clone, Debug)]
pub struct Guest {
    peer: Peer,
    place: Arc<Place>,
}

impl Guest {
    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// We wait for the rest of what it sends: until it is here, the connection is as good as a quiet one.
    pub fn waits(&self) {
        self.place.busy.store(false, Ordering::Relaxed);
    }

    /// Its request is worked on now, and will be answered.
    pub fn works(&self) {
        self.place.busy.store(true, Ordering::Relaxed);
    }

    /// Whether its request is worked on.
    #[must_use]
    pub fn is_worked_on(&self) -> bool {
        self.place.busy.load(Ordering::Relaxed)
    }
}

/// The open connections, oldest first.
#[derive(Default)]
struct Crowd(Mutex<(u64, BTreeMap<u64, Arc<Place>>)>);

impl Crowd {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Place>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> (u64, Arc<Place>) {
        let mut all = self.lock();
        all.0 += 1;
        let (id, place) = (all.0, Arc::new(Place::default()));
        all.1.insert(id, Arc::clone(&place));
        (id, place)
    }

    fn leave(&self, id: u64) {
        self.lock().1.remove(&id);
    }

    /// A connection that was active just now goes to the end of the line.
    fn renew(&self, id: &mut u64) {
        let mut all = self.lock();
        all.0 += 1;
        let newer = all.0;
        if let Some(place) = all.1.remove(id) {
            all.1.insert(newer, place);
        }
        *id = newer;
    }

    /// Sends the one away that has been quiet for the longest time. `false`: all are busy.
    fn make_room(&self) -> bool {
        let mut all = self.lock();
        let quiet = all.1.iter().find(|(_, place)| !place.busy.load(Ordering::Relaxed)).map(|(id, _)| *id);
        let Some(place) = quiet.and_then(|id| all.1.remove(&id)) else { return false };
        place.leave.notify_one();
        true
    }
}

/// Accepts connections and answers their requests until the future is dropped; open connections end with it. Nothing
/// that goes wrong with one of them, or with accepting, ends the loop.
pub async fn serve<L, H, F, E>(listener: L, limits: Limits, seen: Arc<Seen>, handler: H)
where
    L: Listener,
    H: Fn(Request<Incoming>, Guest) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Full<Bytes>>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    let turns = Arc::new(Semaphore::new(limits.connections.max(1)));
    let crowd = Arc::new(Crowd::default());
    let mut connections = JoinSet::new();
    let mut short = false;
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.next() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Of this connection, or of this process: out of files, out of memory. Either passes.
                    seen.failed.fetch_add(1, Ordering::Relaxed);
                    if !std::mem::replace(&mut short, true) {
                        tracing::warn!(error = &error as &dyn Error, "connections cannot be accepted just now");
                    }
                    crowd.make_room();
                    tokio::time::sleep(BREATHE).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        short = false;
        let turn = loop {
            if let Ok(turn) = Arc::clone(&turns).try_acquire_owned() {
                break turn;
            }
            if crowd.make_room() {
                seen.evicted.fetch_add(1, Ordering::Relaxed);
            }
            let freed = Arc::clone(&turns).acquire_owned();
            if let Ok(Ok(turn)) = tokio::time::timeout(MAKE_ROOM, freed).await {
                break turn;
            }
        };
        seen.accepted.fetch_add(1, Ordering::Relaxed);
        seen.open.fetch_add(1, Ordering::Relaxed);
        let (handler, crowd, seen) = (handler.clone(), Arc::clone(&crowd), Arc::clone(&seen));
        connections.spawn(async move {
            let (id, place) = crowd.enter();
            let id = Arc::new(Mutex::new(id));
            let answer = {
                let (crowd, place, id) = (Arc::clone(&crowd), Arc::clone(&place), Arc::clone(&id));
                move |request| {
                    let (crowd, place, id) = (Arc::clone(&crowd), Arc::clone(&place), Arc::clone(&id));
                    let guest = Guest { peer, place: Arc::clone(&place) };
                    guest.works();
                    let answer = handler(request, guest);
                    // Boxed: a connection that asks for nothing has no room for an answer.
                    Box::pin(async move {
                        crowd.renew(&mut id.lock().unwrap_or_else(PoisonError::into_inner));
                        let answer = answer.await;
                        place.busy.store(false, Ordering::Relaxed);
                        answer
                    })
                }
            };
            let http = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(64 * 1024)
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::select! {
                // A client that goes away is no news.
                _ = http => {}
                () = place.leave.notified() => {}
            }
            crowd.leave(*id.lock().unwrap_or_else(PoisonError::into_inner));
            seen.open.fetch_sub(1, Ordering::Relaxed);
            drop(turn);
        });
    }
}

#[cfg(test)]
mod tests;
