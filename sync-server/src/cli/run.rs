//! `serve`: listens until Ctrl-C.

use std::{net::IpAddr, sync::Arc};

use clap::Args;
use serde_json::json;

use super::{Place, init::bracketed};
use crate::{
    CountyError,
    log::Log,
    serve::{DEFAULT_PORT, Listen, Server},
};

/// What `serve` is told.
#[derive(Args, Debug)]
pub struct Serve {
    /// 端口，0 为自动选择 / port; 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    port: u16,
    /// 端口被占用时自动换一个 / take another free port where this one is taken
    #[arg(long)]
    any_port: bool,
    /// 监听的本机地址，默认所有网卡 / address of this machine to listen on, by default all
    #[arg(long, value_name = "IP", default_value = "0.0.0.0")]
    listen: IpAddr,
    /// 手机连接的地址，写入以后的注册码 / address that phones connect to, for enrolment codes from now on
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// 证书还应包含的主机名或 IP / host name or IP address that the certificate shall carry as well
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// 不输出请求日志 / no line for each request
    #[arg(long)]
    quiet: bool,
}

impl Serve {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = Arc::new(place.open()?);
        let listen = Listen { address: self.listen, port: self.port, any_port: self.any_port };
        let log = if self.quiet { Log::Quiet } else { Log::Lines };
        let server = Server::start(county.clone(), &place.keys_dir(), self.hosts.clone(), &listen, log)?;
        let bound = server.address();
        let known = county.url()?;
        let url = match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://{}:{}", self.host(&known), bound.port()),
        };
        if url != known {
            county.set_url(&url)?;
        }
        if place.json {
            say!("{}", json!({ "url": url, "address": bound.to_string(), "port": bound.port() }));
        } else {
            say!("{} 网格服务器已启动 / Wangge server running", county.name());
            say!("手机连接地址 / phones connect to: {url}");
            say!("本机监听 / listening on: https://{bound}");
            say!("按 Ctrl-C 停止 / press Ctrl-C to stop");
        }
        server.stop_on_signal()?;
        server.wait()?;
        eprintln!("服务器已停止 / server stopped");
        Ok(())
    }

    /// The host of the address: the one listened on where that is a single one, otherwise the one known from before.
    fn host(&self, known: &str) -> String {
        if !self.listen.is_unspecified() {
            return bracketed(&self.listen.to_string());
        }
        let rest = known.strip_prefix("https://").unwrap_or(known);
        match rest.rsplit_once(':') {
            Some((host, _)) if !host.is_empty() => host.to_owned(),
            _ => "127.0.0.1".to_owned(),
        }
    }
}
