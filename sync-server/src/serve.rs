//! The socket: TLS, limits of size, time and number; everything behind it is [`crate::api::handle`].

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    routing::{get, post},
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use wangge_core::{model::Millis, sync::frame::MAX_WIRE};

use crate::{
    County, CountyError, api,
    error::reason,
    keys::{files, tls::ServerCertificate},
    log::Log,
    metrics,
};

/// Port that a county's server uses where nobody says otherwise.
pub const DEFAULT_PORT: u16 = 8443;

/// Requests that may be in the house at once; the others wait in the socket.
const MOST_REQUESTS: usize = 512;
/// Requests that are worked on at once: each may use two threads.
const MOST_AT_WORK: usize = 4;
const HEADER_TIME: Duration = Duration::from_secs(10);
const BODY_TIME: Duration = Duration::from_mins(1);
const QUEUE_TIME: Duration = Duration::from_secs(50);
const GRACE: Duration = Duration::from_secs(10);
const CERTIFICATE_CHECK: Duration = Duration::from_hours(24);
/// How long the projection may stand behind the log.
const PROJECTION: Duration = Duration::from_secs(20);

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address of the network card; `0.0.0.0` for all.
    pub address: IpAddr,
    /// Port; 0 for any free one.
    pub port: u16,
    /// Whether another free port will do where this one is taken.
    pub any_port: bool,
}

/// A server that is listening. Dropping it ends it, letting requests in work finish first.
pub struct Server {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    thread: Option<std::thread::JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Binds and starts serving on threads of its own. `hosts` are names that the certificate shall carry as well.
    pub fn start(
        county: Arc<County>,
        keys_dir: &Path,
        hosts: Vec<String>,
        listen: &Listen,
        log: Log,
    ) -> Result<Self, CountyError> {
        let certificate = files::server_certificate(keys_dir, county.keys(), &hosts, clock())?;
        let tls = RustlsConfig::from_config(tls_config(&certificate)?);
        let listener = bind(listen)?;
        let address = listener.local_addr().map_err(|error| network(&error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| network(&e))?;
        let handle = Handle::new();
        let renewal = Renewal { county: county.clone(), keys_dir: keys_dir.to_owned(), hosts, tls: tls.clone() };
        let following = county.clone();
        let shared = Arc::new(Shared { county, log, at_work: Semaphore::new(MOST_AT_WORK) });
        let ending = handle.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::spawn(renewal.run());
                tokio::spawn(follow(following));
                let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(ending);
                server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
                server.http_builder().http2().timer(TokioTimer::new()).max_concurrent_streams(16);
                server.serve(router(shared).into_make_service()).await
            })
        });
        Ok(Self { address, handle, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it: no new connections, ten seconds for requests in work.
    pub fn stop(&self) {
        self.handle.graceful_shutdown(Some(GRACE));
    }

    /// Waits until it ends.
    pub fn wait(mut self) -> Result<(), CountyError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), CountyError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let ended = thread.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")));
        ended.map_err(|error| network(&error))
    }

    /// Ends it on Ctrl-C, and on the signal that service managers send.
    pub fn stop_on_signal(&self) -> Result<(), CountyError> {
        let handle = self.handle.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| network(&e))?;
        std::thread::spawn(move || {
            runtime.block_on(signal());
            handle.graceful_shutdown(Some(GRACE));
        });
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = self.join();
    }
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Milliseconds since 1970 by the server's clock; the one place of this package that reads it, with the command line.
pub fn clock() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Fills a buffer from the operating system.
pub fn entropy(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("without the system's random numbers no key is safe");
}

fn network(error: &io::Error) -> CountyError {
    CountyError::invalid(format!("网络出错：{error}"), format!("network error: {error}"))
}

fn bind(listen: &Listen) -> Result<TcpListener, CountyError> {
    let open = |port| {
        let listener = TcpListener::bind(SocketAddr::new(listen.address, port))?;
        listener.set_nonblocking(true)?;
        Ok::<_, io::Error>(listener)
    };
    match open(listen.port) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && listen.any_port => {
            open(0).map_err(|error| network(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(CountyError::invalid(
            format!("端口 {} 已被占用：换一个 --port，或加 --any-port 自动选择", listen.port),
            format!("port {} is taken: choose another --port, or let --any-port find one", listen.port),
        )),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(CountyError::invalid(
            format!("没有权限使用端口 {}：1024 以下的端口需要管理员", listen.port),
            format!("no permission for port {}: ports below 1024 are the administrator's", listen.port),
        )),
        done => done.map_err(|error| network(&error)),
    }
}

fn tls_config(certificate: &ServerCertificate) -> Result<Arc<ServerConfig>, CountyError> {
    let broken = |error: &dyn std::fmt::Display| {
        CountyError::invalid(
            format!("服务器证书无法使用：{error}"),
            format!("the server certificate is no good: {error}"),
        )
    };
    let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(&error))?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).map_err(|error| broken(&error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| broken(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Renews the certificate long before it ends, without a restart and without touching a phone.
struct Renewal {
    county: Arc<County>,
    keys_dir: PathBuf,
    hosts: Vec<String>,
    tls: RustlsConfig,
}

impl Renewal {
    async fn run(self) {
        loop {
            tokio::time::sleep(CERTIFICATE_CHECK).await;
            let made = files::server_certificate(&self.keys_dir, self.county.keys(), &self.hosts, clock());
            if let Ok(config) = made.and_then(|certificate| tls_config(&certificate)) {
                self.tls.reload_from_config(config);
            }
        }
    }
}

/// Lets the projection follow the log, and writes what follows from it. A round that fails is tried again.
async fn follow(county: Arc<County>) {
    loop {
        tokio::time::sleep(PROJECTION).await;
        let county = county.clone();
        let round = tokio::task::spawn_blocking(move || county.keep_up(clock(), &mut entropy)).await;
        if let Ok(Err(error)) = round {
            eprintln!(
                "待确认清单更新失败，稍后再试 / the list of items was not brought up to date, trying again: {error}"
            );
        }
    }
}

struct Shared {
    county: Arc<County>,
    log: Log,
    at_work: Semaphore,
}

type Answer = (StatusCode, [(header::HeaderName, &'static str); 2], Body);

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(api::ENROL, post(message))
        .route(api::SYNC, post(message))
        .route("/health", get(health))
        .route("/metrics", get(figures))
        .layer(GlobalConcurrencyLimitLayer::new(MOST_REQUESTS))
        .with_state(shared)
}

const FRAME: &str = "application/wangge";

fn answer(status: u16, kind: &'static str, body: impl Into<Body>) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body.into())
}

async fn message(State(shared): State<Arc<Shared>>, uri: Uri, request: Request) -> Answer {
    let began = Instant::now();
    let path = if uri.path() == api::ENROL { api::ENROL } else { api::SYNC };
    let (received, (status, bytes)) = respond(&shared, path, request).await;
    shared.log.request(path, status, received, bytes.len(), began.elapsed());
    answer(status, FRAME, bytes)
}

/// Reads the body within bounds, waits for a free place, and lets the county answer on a thread that may block.
async fn respond(shared: &Arc<Shared>, path: &'static str, request: Request) -> (usize, (u16, Vec<u8>)) {
    let refuse = |status, rule, zh: &str, en: &str| api::refuse(&shared.county, path, status, reason(rule, zh, en));
    let body = tokio::time::timeout(BODY_TIME, axum::body::to_bytes(request.into_body(), MAX_WIRE)).await;
    let body = match body {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return (0, refuse(413, "too_large", "请求超过 1 MiB", "the request is over 1 MiB"));
        }
        Err(_) => return (0, refuse(408, "slow", "请求传得太慢", "the request came too slowly")),
    };
    let received = body.len();
    let Ok(Ok(_place)) = tokio::time::timeout(QUEUE_TIME, shared.at_work.acquire()).await else {
        return (received, refuse(503, "busy", "服务器正忙，请稍后再试", "the server is busy, try again later"));
    };
    let county = shared.county.clone();
    let work = tokio::task::spawn_blocking(move || api::handle(&county, path, &body, clock(), &mut entropy)).await;
    let done = work.unwrap_or_else(|_| {
        let zh = "服务器处理这个请求时出错，其他请求不受影响";
        refuse(500, "bug", zh, "the server failed at this request; others are not affected")
    });
    (received, done)
}

async fn health(State(shared): State<Arc<Shared>>) -> Answer {
    let county = shared.county.clone();
    let good = tokio::task::spawn_blocking(move || county.url().is_ok()).await.unwrap_or(false);
    let body =
        format!("{{\"status\":\"{}\",\"epoch\":{}}}\n", if good { "ok" } else { "failing" }, shared.county.epoch());
    answer(if good { 200 } else { 503 }, "application/json", body)
}

async fn figures(State(shared): State<Arc<Shared>>) -> Answer {
    let county = shared.county.clone();
    match tokio::task::spawn_blocking(move || metrics::text(&county)).await {
        Ok(Ok(text)) => answer(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        _ => answer(500, "text/plain", "metrics are not available\n"),
    }
}
