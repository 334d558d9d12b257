//! The real listener: TLS, limits, ports, shutdown.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use wangge_core::{
    model::Role,
    net::{HttpTransport, Transport as _, TransportError},
    sync::{
        frame,
        wire::{SyncReply, UploadResult},
    },
};
use wangge_server::{
    api,
    log::Log,
    serve::{Listen, Server},
};

use crate::support::{Phone, Place, START, open};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn start(place: &Place, port: u16, any_port: bool) -> Result<Server, wangge_server::CountyError> {
    let listen = Listen { address: LOCAL, port, any_port };
    Server::start(place.county.clone(), &place.keys_dir(), vec!["localhost".to_owned()], &listen, Log::Quiet)
}

fn transport(server: &Server, pin: [u8; 32]) -> HttpTransport {
    HttpTransport::new(&format!("https://{}", server.address()), pin, None, frame::MAX_WIRE).unwrap()
}

/// Plain HTTP/1.1 over TLS, verified as a browser would with the county's root.
fn http(place: &Place, address: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    let root = CertificateDer::from_pem_slice(&fs::read(place.keys_dir().join("root.crt")).unwrap()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("wangge.county").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    let head = format!(
        "{head} HTTP/1.1\r\nhost: wangge.county\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses early may close before everything is sent.
    let _ = stream.write_all(body);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let text = String::from_utf8_lossy(&reply).into_owned();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    (status, text)
}

#[test]
fn a_phone_enrols_and_syncs_over_tls_under_the_pinned_root_alone() {
    let mut place = Place::new();
    // The listener has its own clock: codes are made by it.
    place.now = wangge_server::serve::clock();
    let code = place.invite("zhang.wei", Role::GW, &[1]);
    let server = start(&place, 0, false).unwrap();
    let line = transport(&server, code.root);
    let mut phone = Phone::new(3);
    let request = phone.enrol_request(&code);
    let (status, bytes) = line.post(api::ENROL, frame::pack(&request).unwrap()).unwrap();
    let reply: wangge_core::sync::wire::EnrolReply = open(status, &bytes, &code.identity, &request.nonce).unwrap();
    (phone.device, phone.identity, phone.epoch) = (reply.device, code.identity, reply.epoch);

    let upload = phone.resident("张伟", START);
    let request = phone.request(vec![upload]);
    let signed = phone.sign(&request);
    let (status, bytes) = line.post(api::SYNC, frame::pack(&signed).unwrap()).unwrap();
    let reply: SyncReply = open(status, &bytes, &phone.identity, &signed.nonce).unwrap();
    assert_eq!(reply.results, [UploadResult::Accepted]);
    phone.apply(&reply, &request.uploads);
    assert_eq!(phone.received.len(), 1);

    let stranger = transport(&server, [1; 32]);
    let refused = stranger.post(api::SYNC, Vec::new());
    assert!(matches!(refused, Err(TransportError::WrongCertificate(_))), "{refused:?}");
    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "a dropped server listens no more");
}

#[test]
fn whatever_comes_in_is_answered_and_the_server_stays_up() {
    let place = Place::new();
    let server = start(&place, 0, false).unwrap();
    let address = server.address();
    let (status, text) = http(&place, address, "GET /health", b"");
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("\"status\":\"ok\",\"epoch\":1"), "{text}");
    let (status, text) = http(&place, address, "POST /v1/sync", &vec![0; (1 << 20) + 1]);
    assert_eq!(status, 413, "{text}");
    for body in [&b"<html>log in to the hotel</html>"[..], b"", b"{\"json\":1}", &vec![0xff; 70_000]] {
        assert_eq!(http(&place, address, "POST /v1/sync", body).0, 400);
        assert_eq!(http(&place, address, "POST /v1/enrol", body).0, 400);
    }
    assert_eq!(http(&place, address, "GET /v1/sync", b"").0, 405);
    assert_eq!(http(&place, address, "GET /../county.db", b"").0, 404);
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let (status, text) = http(&place, address, "GET /metrics", b"");
    assert_eq!(status, 200);
    assert!(text.contains("openmetrics") && text.contains("outcome=\"rejected\"} 5"), "{text}");
}

#[test]
fn a_taken_port_is_said_so_or_another_found() {
    let place = Place::new();
    let first = start(&place, 0, false).unwrap();
    let taken = first.address().port();
    let refused = start(&place, taken, false).err().unwrap().to_string();
    assert!(refused.contains(&format!("端口 {taken} 已被占用")) && refused.contains("--any-port"), "{refused}");
    let second = start(&place, taken, true).unwrap();
    assert_ne!(second.address().port(), taken);
}

#[test]
fn the_certificate_renews_under_the_same_root_and_learns_new_names() {
    use wangge_server::keys::files::server_certificate;
    let place = Place::new();
    let (dir, keys) = (place.keys_dir(), place.county.keys());
    let hosts = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let first = server_certificate(&dir, keys, &hosts(&["localhost"]), START).unwrap();
    let same = server_certificate(&dir, keys, &[], START.plus(1000)).unwrap();
    assert_eq!(first.chain_pem, same.chain_pem);
    let named = server_certificate(&dir, keys, &hosts(&["10.1.2.3"]), START.plus(2000)).unwrap();
    assert_ne!(first.chain_pem, named.chain_pem);
    let later = server_certificate(&dir, keys, &[], START.plus(500 * 86_400_000)).unwrap();
    assert_ne!(named.chain_pem, later.chain_pem);
    let bad = server_certificate(&dir, keys, &hosts(&["not a host"]), START);
    assert!(bad.is_err_and(|error| error.to_string().contains("主机名")));
}
