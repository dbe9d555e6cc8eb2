//! Strangers who open connections and say nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "an expectation that fails is a test that fails")]
#![expect(clippy::disallowed_methods, reason = "each test aborts its loop")]

use super::*;
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn hello(_: Request<Incoming>, _: Guest) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn who_says_nothing_makes_room_for_who_does() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (limits, seen) = (Limits { connections: 8, ..Limits::default() }, Arc::new(Seen::default()));
    let loops = tokio::spawn(serve(listener, limits, Arc::clone(&seen), hello));
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let mut good = TcpStream::connect(address).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), ask(&mut good)).await.expect("an answer in time");
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(seen.evicted.load(Ordering::Relaxed) >= 30, "{seen:?}");
    loops.abort();
}

/// Fails as a system does that is out of files, then goes on.
struct Troubled {
    troubles: Mutex<VecDeque<io::Error>>,
    inner: TcpListener,
}

impl Listener for Troubled {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let trouble = self.troubles.lock().unwrap().pop_front();
        match trouble {
            Some(error) => Err(error),
            None => self.inner.next().await,
        }
    }
}

#[tokio::test]
async fn a_shortage_of_files_is_waited_out() {
    const EMFILE: i32 = 24;
    let inner = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = inner.local_addr().unwrap();
    let troubles = [EMFILE, 23, 103].map(io::Error::from_raw_os_error);
    let listener = Troubled { troubles: Mutex::new(troubles.into()), inner };
    let seen = Arc::new(Seen::default());
    let loops = tokio::spawn(serve(listener, Limits::default(), Arc::clone(&seen), hello));
    let mut good = TcpStream::connect(address).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), ask(&mut good)).await.expect("an answer in time");
    assert!(answer.ends_with("hello"), "{answer}");
    assert_eq!(seen.failed.load(Ordering::Relaxed), 3);
    loops.abort();
}

#[test]
fn an_address_of_this_machine_is_told_from_others() {
    for (address, local) in
        [("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false)]
    {
        assert_eq!(Peer::Net(address.parse().unwrap()).is_local(), local, "{address}");
    }
}
