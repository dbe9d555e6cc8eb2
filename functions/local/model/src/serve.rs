//! A model over HTTP, for clients that want real sockets.

use super::ModelAnswer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use waybill_listen::Limits;

/// The largest request body a model reads, in bytes.
const LARGEST_BODY: usize = 8 << 20;

/// Why a connection ends without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model drops this connection")
    }
}

impl std::error::Error for Dropped {}

/// Serves a model on a listener until the future is dropped; open connections end with it. An error here is a reset
/// that the model wanted, or a client that went away: both are part of the play.
///
/// # Errors
/// Never: the loop outlives what goes wrong with accepting.
pub async fn serve<H, F>(listener: TcpListener, handler: H) -> io::Result<()>
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ModelAnswer> + Send + 'static,
{
    let answering = move |request, _| answer(handler.clone(), request);
    waybill_listen::serve(listener, Limits::default(), Arc::default(), answering).await;
    Ok(())
}

async fn answer<H, F>(handler: H, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped>
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = ModelAnswer>,
{
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(|_| Dropped)?.to_bytes();
    match handler(Request::from_parts(head, body)).await {
        ModelAnswer::Reply(response) => Ok(response.map(Full::new)),
        ModelAnswer::Reset => Err(Dropped),
        ModelAnswer::Hang => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::respond;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::task::JoinSet;

    async fn ask(path: &str) -> Result<String, tokio::time::error::Elapsed> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, |request: Request<Bytes>| async move {
            match request.uri().path() {
                "/reset" => ModelAnswer::Reset,
                "/hang" => ModelAnswer::Hang,
                _ => ModelAnswer::Reply(respond(201, &[("x-model", "yes")], request.into_body())),
            }
        }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(Duration::from_millis(300), stream.read_to_string(&mut answer)).await?.unwrap();
        Ok(answer)
    }

    #[tokio::test]
    async fn a_reply_a_reset_and_a_hang_look_like_that_on_the_wire() {
        let reply = ask("/").await.unwrap();
        assert!(
            reply.starts_with("HTTP/1.1 201") && reply.contains("x-model: yes") && reply.ends_with("hi"),
            "{reply}"
        );
        assert_eq!(ask("/reset").await.unwrap(), "", "the connection ends without an answer");
        assert!(ask("/hang").await.is_err(), "nothing comes back");
    }
}
