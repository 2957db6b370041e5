//! HTTP/1.1 on loopback: AWS, plain or by TLS, and Lambda's runtime API, always plain.

mod aws;
mod invocations;
mod tls;

use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use fake_aws::Caller;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub use aws::Seen;
pub use tls::Certificate;

use crate::Failure;
use crate::runtime::RuntimeApi;

type Answered = Result<Response<Full<Bytes>>, Broken>;

/// The connection is to break instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection breaks")]
struct Broken;

/// AWS on a port of its own.
pub struct AwsServer {
    /// The endpoint for SDKs.
    pub endpoint: String,
    pub seen: Arc<Seen>,
}

impl AwsServer {
    /// Serves `caller`'s AWS until the runtime ends; by TLS, if there is a certificate.
    pub async fn start(caller: Caller, certificate: Option<&Certificate>) -> Result<Self, Failure> {
        let listeners = Listeners::bind().await?;
        let scheme = if certificate.is_some() {
            "https"
        } else {
            "http"
        };
        let endpoint = format!("{scheme}://localhost:{}", listeners.port);
        let acceptor = certificate.map(Certificate::acceptor);
        let seen = Arc::new(Seen::default());
        let handle = {
            let seen = seen.clone();
            move |request| aws::answer(caller.clone(), seen.clone(), request)
        };
        listeners.serve(acceptor, handle);
        Ok(Self { endpoint, seen })
    }
}

/// Serves the runtime API until the runtime ends. Returns host and port.
pub async fn start_runtime_api(api: RuntimeApi) -> Result<String, Failure> {
    let listeners = Listeners::bind().await?;
    let address = format!("127.0.0.1:{}", listeners.port);
    listeners.serve(None, move |request| {
        invocations::answer(api.clone(), request)
    });
    Ok(address)
}

/// Returns a certificate for localhost. Its authority's certificate is written to `file`.
pub fn certify(file: &Path) -> Result<Certificate, Failure> {
    Certificate::for_localhost(file)
}

/// One port on both loopback addresses: "localhost" is either, and a refused connection costs the
/// program time.
struct Listeners {
    port: u16,
    all: Vec<TcpListener>,
}

impl Listeners {
    async fn bind() -> Result<Self, Failure> {
        let failed = || Failure::io("listening on loopback");
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let first = first.map_err(failed())?;
        let port = first.local_addr().map_err(failed())?.port();
        let mut all = vec![first];
        let second = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        // There can be no IPv6; then "localhost" is not that either.
        all.extend(TcpListener::bind(second).await.ok());
        Ok(Self { port, all })
    }

    fn serve<H, F>(self, acceptor: Option<TlsAcceptor>, handle: H)
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answered> + Send + 'static,
    {
        for listener in self.all {
            let (acceptor, handle) = (acceptor.clone(), handle.clone());
            tokio::spawn(async move {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => {
                            tokio::spawn(connection(stream, acceptor.clone(), handle.clone()));
                        }
                        Err(error) => eprintln!("accepting a connection: {error}"),
                    }
                }
            });
        }
    }
}

async fn connection<H, F>(stream: TcpStream, acceptor: Option<TlsAcceptor>, handle: H)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Answered> + Send + 'static,
{
    // An answer is one small write; without this it could wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => http(stream, handle).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => http(stream, handle).await,
            Err(error) => eprintln!("TLS with the program: {error}"),
        },
    }
}

async fn http<S, H, F>(stream: S, handle: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Answered> + Send + 'static,
{
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service_fn(handle))
        .await;
    // The program can end a connection whenever it likes.
    drop(served);
}

fn plain(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}

/// Returns a body to its end.
async fn whole(body: Incoming) -> Result<Bytes, Broken> {
    use http_body_util::BodyExt;
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(_) => Err(Broken),
    }
}
