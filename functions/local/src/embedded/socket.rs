//! The table for commands that run beside the program which holds it: a Unix socket in the installation's folder, mode
//! 600, that answers nobody but its own user (and root, whom no file keeps out).

use super::{ADDRESS, Embedded, JSON, parts, response};
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{UnixListener, UnixStream};
use waybill_listen::{Guest, Limits, Peer};

/// The socket's name in the folder.
pub const NAME: &str = "table.sock";
/// DynamoDB's own limit of a request.
const LARGEST: usize = 16 * 1024 * 1024;
/// A socket's path has room for this many bytes on every system we know.
const LONGEST_PATH: usize = 100;

/// A path that fits, whatever the folder's own length. The file keeps it valid.
fn fitting(folder: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let plain = folder.join(NAME);
    if plain.as_os_str().len() <= LONGEST_PATH {
        return Ok((plain, None));
    }
    let open = File::open(folder)?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}/{NAME}", open.as_raw_fd())), Some(open)))
}

/// Opens the socket of a folder that is ours alone.
///
/// # Errors
/// When it cannot be made.
pub fn bind(folder: &Path) -> io::Result<UnixListener> {
    let (path, _open) = fitting(folder)?;
    // Of a process that was killed: whoever holds the folder's lock is the only one who serves.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the future is dropped.
pub async fn serve(listener: UnixListener, table: Embedded) {
    let me = rustix::process::geteuid().as_raw();
    let answering = move |request, guest: Guest| {
        let table = table.clone();
        async move {
            match guest.peer() {
                Peer::User(Some(user)) if user == me || user == 0 => answer(&table, request).await,
                Peer::User(_) | Peer::Net(_) => refused(StatusCode::FORBIDDEN),
            }
        }
    };
    waybill_listen::serve(listener, Limits::default(), Arc::default(), answering).await;
}

async fn answer(table: &Embedded, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let target = target.unwrap_or_default().to_owned();
    let Ok(body) = Limited::new(request.into_body(), LARGEST).collect().await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let (status, text) = table.answer(target, body.to_bytes().to_vec()).await;
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(JSON));
    Ok(response)
}

fn refused(status: StatusCode) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

/// The table that another process holds.
#[derive(Clone, Debug)]
pub struct Beside {
    folder: PathBuf,
}

impl Beside {
    /// Finds it.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn find(folder: &Path) -> io::Result<Self> {
        let beside = Self { folder: folder.to_owned() };
        beside.connect().await?;
        Ok(beside)
    }

    async fn connect(&self) -> io::Result<UnixStream> {
        let (path, _open) = fitting(&self.folder)?;
        UnixStream::connect(path).await
    }

    /// For `aws::local_config`.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    async fn ask(&self, target: String, body: Vec<u8>) -> Result<(u16, Bytes), ConnectorError> {
        let other = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let stream = self.connect().await.map_err(|e| ConnectorError::io(e.into()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| ConnectorError::io(e.into()))?;
        #[expect(clippy::disallowed_methods, reason = "aborted with the answer; a command that ends takes it along")]
        let driving = tokio::spawn(connection);
        let request = Request::post("/").header(http::header::HOST, ADDRESS.trim_start_matches("http://"));
        let request = request.header("x-amz-target", target).header(http::header::CONTENT_TYPE, JSON);
        let request = request.body(Full::new(Bytes::from(body))).map_err(|e| other(e.into()))?;
        let answer = sender.send_request(request).await.map_err(|e| ConnectorError::io(e.into()))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|e| ConnectorError::io(e.into()))?.to_bytes();
        driving.abort();
        Ok((status, body))
    }
}

impl HttpConnector for Beside {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let beside = self.clone();
        let (target, body) = parts(&request);
        HttpConnectorFuture::new(async move {
            let (status, body) = beside.ask(target, body).await?;
            response(status, SdkBody::from(body))
        })
    }
}

impl HttpClient for Beside {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
