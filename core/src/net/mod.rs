//! The one transport that talks HTTP: TLS pinned to the county root of the enrolment code.
//!
//! rustls with ring, handed to reqwest preconfigured: smallest on a phone, and no root store of the system is asked.

mod pin;
mod transport;

use std::{error::Error as _, sync::Arc, time::Duration};

pub use transport::{Transport, TransportError};

use crate::model::Millis;

const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_mins(1);

/// Posts frames over HTTPS. Synchronous outside; the runtime inside is its own.
pub struct HttpTransport {
    url: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    longest_reply: usize,
}

impl HttpTransport {
    /// A transport to `url`, whose certificate must stand under the TLS root with this SHA-256 of its public key.
    /// `server_time` is what the server last said of the time, where it ever did; a reply of more than `longest_reply`
    /// bytes is not read to its end.
    pub fn new(
        url: &str,
        root: [u8; 32],
        server_time: Option<Millis>,
        longest_reply: usize,
    ) -> Result<Self, TransportError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(offline)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pin::PinVerifier::new(root, server_time, provider)))
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .build()
            .map_err(offline)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(offline)?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client, runtime, longest_reply })
    }

    async fn exchange(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", "application/wangge");
        let mut reply = request.body(body).send().await.map_err(|e| sort(&e))?;
        let status = reply.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(|e| sort(&e))? {
            if bytes.len() + chunk.len() > self.longest_reply {
                return Err(TransportError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, bytes))
    }
}

impl Transport for HttpTransport {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        self.runtime.block_on(self.exchange(path, body))
    }
}

fn offline(error: impl ToString) -> TransportError {
    TransportError::Offline(error.to_string())
}

/// Tells a wrong certificate from a missing network, by type and not by text.
fn sort(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        // An I/O error hides what it holds from `source`, and TLS errors come in two of them.
        let held = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(rustls::Error::InvalidCertificate(problem)) = inner.downcast_ref() {
            return TransportError::WrongCertificate(problem.to_string());
        }
        cause = held.map(|held| held as &(dyn std::error::Error + 'static)).or_else(|| inner.source());
    }
    offline(error.without_url_text())
}

/// The text of an error without the address, which may hold a county's name.
trait WithoutUrl {
    fn without_url_text(&self) -> String;
}

impl WithoutUrl for reqwest::Error {
    fn without_url_text(&self) -> String {
        let mut text = if self.is_connect() { "connect".to_owned() } else { "request".to_owned() };
        let mut cause = self.source();
        while let Some(inner) = cause {
            if inner.source().is_none() {
                text = format!("{text}: {inner}");
            }
            cause = inner.source();
        }
        text
    }
}
