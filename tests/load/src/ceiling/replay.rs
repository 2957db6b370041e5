//! Requests sent as they are, over as many connections as `dispatch` keeps busy: a client that only
//! writes and reads.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Replayed;
use super::recording::Request;
use crate::{Failure, cpu};

/// The first argument of the replaying process; endpoint, file and authority's certificate follow.
pub const REPLAY: &str = "--replay";
const CONNECTIONS: usize = 16;
/// The other headers of a request of the SDK, about as long.
const HEADERS: &str = "content-type: application/x-amz-json-1.0\r\n\
    x-amz-user-agent: aws-sdk-rust/1.3.8 ua/2.1 api/dynamodb/1.95.0 os/linux lang/rust/1.95.0 exec-env/AWS_Lambda m/E\r\n\
    user-agent: aws-sdk-rust/1.3.8 os/linux lang/rust/1.95.0\r\n\
    x-amz-date: 20261123T090000Z\r\n\
    x-amz-security-token: nothing checks it\r\n\
    amz-sdk-invocation-id: 3d1b2c48-30d6-4b6d-8a9e-52f0c1c1a7d4\r\n\
    amz-sdk-request: attempt=1; max=4\r\n\
    authorization: AWS4-HMAC-SHA256 Credential=ASIALOADLOADLOADLOAD/20261123/us-east-1/dynamodb/aws4_request, \
    SignedHeaders=amz-sdk-invocation-id;content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
    Signature=6d9e5b1f0d3c2b7a48f6e1d2c3b4a5968778695a4b3c2d1e0f1e2d3c4b5a6978\r\n";

/// Returns requests as a file has them: target and body, a line each.
pub(super) fn write(requests: &[Request]) -> String {
    let lines = requests
        .iter()
        .map(|request| format!("{}\n{}\n", request.target, request.body));
    lines.collect()
}

fn read(lines: &str) -> Vec<Request> {
    let lines: Vec<&str> = lines.lines().collect();
    let pairs = lines.as_chunks::<2>().0.iter();
    pairs
        .map(|[target, body]| Request {
            target: (*target).to_owned(),
            body: (*body).to_owned(),
        })
        .collect()
}

/// Sends the requests of `file` to `endpoint`; `authority` is a file too, empty for a run without
/// TLS.
pub async fn run(endpoint: &str, file: &str, authority: &str) -> Result<Replayed, Failure> {
    let failed = |error: std::io::Error| Failure::Io {
        what: "replaying",
        error,
    };
    let requests = fs::read_to_string(file).map_err(failed)?;
    let (_, host) = endpoint.split_once("://").unwrap_or_default();
    let all: Vec<Vec<u8>> = read(&requests)
        .iter()
        .map(|request| {
            let (target, body, length) = (&request.target, &request.body, request.body.len());
            let head =
                format!("POST / HTTP/1.1\r\nhost: {host}\r\n{HEADERS}x-amz-target: {target}\r\n");
            format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes()
        })
        .collect();
    let connector = match authority {
        "" => None,
        authority => Some(trusting(Path::new(authority)).map_err(failed)?),
    };
    let (all, next) = (Arc::new(all), Arc::new(AtomicUsize::new(0)));
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(host.replace("localhost", "127.0.0.1"))
            .await
            .map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let stream: Box<dyn Stream> = match &connector {
            None => Box::new(stream),
            Some(connector) => {
                let name = ServerName::try_from("localhost").map_err(std::io::Error::other);
                let name = name.map_err(failed)?;
                Box::new(connector.connect(name, stream).await.map_err(failed)?)
            }
        };
        streams.push(stream);
    }
    let (began, used) = (Instant::now(), cpu::own());
    let mut tasks = tokio::task::JoinSet::new();
    for stream in streams {
        tasks.spawn(send(stream, all.clone(), next.clone()));
    }
    let mut failures = 0;
    while let Some(sent) = tasks.join_next().await {
        failures += sent
            .map_err(std::io::Error::other)
            .and_then(|sent| sent)
            .map_err(failed)?;
    }
    Ok(Replayed {
        wall_s: began.elapsed().as_secs_f64(),
        cpu_s: (cpu::own() - used).as_secs_f64(),
        failed: failures,
    })
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

fn trusting(authority: &Path) -> std::io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let pem = fs::read(authority)?;
    let authority = CertificateDer::from_pem_slice(&pem).map_err(std::io::Error::other)?;
    roots.add(authority).map_err(std::io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Sends request after request over one connection. Returns how many were not answered with
/// success.
async fn send(
    stream: Box<dyn Stream>,
    all: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
) -> std::io::Result<usize> {
    let mut stream = BufReader::new(stream);
    let (mut failed, mut line, mut body) = (0, String::new(), Vec::new());
    while let Some(request) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
        stream.write_all(request).await?;
        stream.flush().await?;
        let mut length = 0;
        let mut first = true;
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            if first {
                failed += usize::from(!line.starts_with("HTTP/1.1 200"));
                first = false;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            if line.len() <= 2 {
                break;
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
    }
    Ok(failed)
}
