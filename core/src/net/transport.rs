//! The one way out: a request goes, a reply comes or does not.

/// Why no reply came. A lost reply means "maybe applied", never "failed".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No way to the server.
    #[error("连接不上服务器 / cannot reach the server: {0}")]
    Offline(String),
    /// The server took too long.
    #[error("服务器没有及时答复 / the server did not answer in time")]
    Timeout,
    /// The certificate is not under the county root of the enrolment code.
    #[error("服务器证书不是本县的 / the server's certificate is not the county's: {0}")]
    WrongCertificate(String),
    /// Something answered that is not the county's server: a gateway's error page, a hotel's log-in page.
    #[error(
        "收到的不是县服务器的答复（HTTP {status}），可能是上网登录页 / \
         the answer is not from the county's server (HTTP {status}), perhaps a log-in page"
    )]
    NotOurs {
        /// HTTP status of that answer.
        status: u16,
    },
    /// The reply is over the size limit.
    #[error("答复超过大小限制 / reply over the size limit")]
    TooLarge,
}

/// Carries one request and its reply.
pub trait Transport: Send + Sync {
    /// Posts a frame to a path of the server; gives the HTTP status and the body.
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError>;
}
