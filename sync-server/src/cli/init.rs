//! `init`: keys, data directory, first administrator, recovery sheet; and the same keys again from the sheet.

use std::{
    io::{BufRead, IsTerminal as _},
    net::UdpSocket,
    path::PathBuf,
};

use clap::Args;
use serde_json::json;
use wangge_core::model::{UserId, ids::to_hex};
use zeroize::Zeroizing;

use super::{Place, print_json, shown};
use crate::{
    County, CountyError, Keys,
    county::NewCounty,
    db,
    keys::{files, sheet},
    serve::{DEFAULT_PORT, clock, entropy},
};

/// What `init` is told.
#[derive(Args, Debug)]
pub struct Init {
    /// 县名，显示在手机上 / name of the county, shown on phones
    #[arg(long, value_name = "NAME", default_value = "")]
    county: String,
    /// 手机连接本机用的主机名或 IP，可写多个 / host name or IP address that phones reach this machine at; repeat for more
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// 第一个管理员的账号 / account name of the first administrator
    #[arg(long, value_name = "USER", required_unless_present = "recover")]
    admin: Option<String>,
    /// 从标准输入读取管理员密码 / read the administrator's password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// 把恢复单写入文件（打印后请删除）/ write the recovery sheet to a file (print it, then delete it)
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// 用恢复单上的 24 个词重建密钥（从标准输入读取）/ rebuild the keys from the 24 words of the sheet, read from standard input
    #[arg(long)]
    recover: bool,
}

impl Init {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let mut input = std::io::stdin().lock();
        if self.recover { self.recover(place, &mut input) } else { self.create(place, &mut input) }
    }

    fn create(&self, place: &Place, input: &mut dyn BufRead) -> Result<(), CountyError> {
        if db::exists(&place.data) {
            return Err(CountyError::Exists(shown(&place.data)));
        }
        let password = self.password(input)?;
        let mut seed = Zeroizing::new([0; 32]);
        entropy(seed.as_mut_slice());
        let keys = Keys::from_seed(*seed);
        self.found(place, &keys, &password, 1)?;
        self.hand_out_sheet(place, &keys)
    }

    /// The keys alone where the data is there; a new county with the old keys where it is lost.
    fn recover(&self, place: &Place, input: &mut dyn BufRead) -> Result<(), CountyError> {
        if input_is_terminal() {
            eprintln!(
                "请输入恢复单上的 24 个词，空行结束 / type the 24 words of the recovery sheet, end with an empty line:"
            );
        }
        let keys = sheet::read(&read_words(input)?)?;
        if db::exists(&place.data) {
            files::create(&place.keys_dir(), &place.data, &keys, &self.all_hosts(), clock())?;
            // A sheet of another county must not leave its keys here.
            County::open_beside(&place.data, &place.keys_dir()).inspect_err(|_| files::discard(&place.keys_dir()))?;
            self.report(place, &keys, "密钥已从恢复单重建 / keys rebuilt from the recovery sheet");
            return Ok(());
        }
        if self.admin.is_none() {
            return Err(CountyError::invalid(
                format!("{} 没有数据：重建一个空的县还需要 --admin", shown(&place.data)),
                format!("no data in {}: to start an empty county with these keys, add --admin", shown(&place.data)),
            ));
        }
        let password = self.password(input)?;
        // Phones of the lost county must notice that this one starts anew: seconds are above every epoch counted by one.
        self.found(place, &keys, &password, u64::try_from(clock().0 / 1000).unwrap_or(2))?;
        let text =
            "密钥已重建，数据为空；手机会把各自持有的内容交回 / keys rebuilt; phones will hand back what they hold";
        self.report(place, &keys, text);
        Ok(())
    }

    fn found(&self, place: &Place, keys: &Keys, password: &str, epoch: u64) -> Result<(), CountyError> {
        let keys_dir = place.keys_dir();
        let hosts = self.all_hosts();
        let admin = UserId(self.admin.clone().unwrap_or_default());
        let url = format!("https://{}:{DEFAULT_PORT}", bracketed(&hosts[0]));
        files::create(&keys_dir, &place.data, keys, &hosts, clock())?;
        let new = NewCounty { name: self.county.clone(), url, epoch };
        let made = County::create(&place.data, &keys_dir, &new, clock())
            .and_then(|county| county.add_admin(&admin, password, clock(), &mut entropy));
        made.inspect_err(|_| {
            db::discard(&place.data);
            files::discard(&keys_dir);
        })
    }

    fn all_hosts(&self) -> Vec<String> {
        let mut hosts = self.hosts.clone();
        if hosts.is_empty() {
            hosts.extend(own_address());
        }
        for local in ["127.0.0.1", "localhost"] {
            if !hosts.iter().any(|host| host == local) {
                hosts.push(local.to_owned());
            }
        }
        hosts
    }

    fn password(&self, input: &mut dyn BufRead) -> Result<Zeroizing<String>, CountyError> {
        let unread = |error: std::io::Error| {
            CountyError::invalid(format!("读不到密码：{error}"), format!("cannot read the password: {error}"))
        };
        if self.password_stdin {
            let mut line = Zeroizing::new(String::new());
            input.read_line(&mut line).map_err(unread)?;
            return Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()));
        }
        if !input_is_terminal() {
            return Err(CountyError::invalid(
                "没有终端可输入密码：请加 --password-stdin 并从标准输入给出",
                "no terminal to type a password at: add --password-stdin and give it on standard input",
            ));
        }
        let ask = |text: &str| rpassword::prompt_password(text).map(Zeroizing::new).map_err(unread);
        let first = ask("管理员密码（至少 10 个字符）/ administrator's password (at least 10 characters): ")?;
        let again = ask("再输一遍 / once more: ")?;
        if *first != *again {
            return Err(CountyError::invalid("两次输入的密码不同", "the two passwords differ"));
        }
        Ok(first)
    }

    fn hand_out_sheet(&self, place: &Place, keys: &Keys) -> Result<(), CountyError> {
        let text = |terminal| Zeroizing::new(sheet::sheet(keys, &self.county, terminal));
        if let Some(path) = &self.sheet {
            files::write_private(path, text(false).as_bytes())?;
        }
        if place.json {
            // Standard output belongs to the figures; the sheet must be seen once all the same.
            eprintln!("{}", *text(std::io::stderr().is_terminal()));
        } else {
            say!("{}", *text(std::io::stdout().is_terminal()));
        }
        let next = "wangge-server serve";
        self.report(place, keys, &format!("县级服务器已建好，下一步：{next} / the county is set up; next: {next}"));
        Ok(())
    }

    fn report(&self, place: &Place, keys: &Keys, text: &str) {
        if place.json {
            print_json(&json!({
                "county": self.county,
                "data": shown(&place.data),
                "keys": shown(&place.keys_dir()),
                "identity": to_hex(&keys.identity_public()),
                "root": to_hex(&keys.root_pin()),
                "hosts": self.all_hosts(),
            }));
        } else {
            say!("{text}");
            say!("  数据 / data: {}", shown(&place.data));
            say!("  密钥 / keys: {}", shown(&place.keys_dir()));
            say!("  县级指纹 / fingerprint: {}", to_hex(&keys.identity_public()[..8]));
        }
    }
}

fn input_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Lines until 24 words are there or the input ends; what follows belongs to the password.
fn read_words(input: &mut dyn BufRead) -> Result<Zeroizing<String>, CountyError> {
    let mut text = Zeroizing::new(String::new());
    while sheet::count(&text) < 24 {
        let before = text.len();
        let read = input.read_line(&mut text).map_err(|error| {
            CountyError::invalid(format!("读不到恢复词：{error}"), format!("cannot read the words: {error}"))
        })?;
        if read == 0 || (text[before..].trim().is_empty() && before > 0) {
            break;
        }
    }
    Ok(text)
}

/// The address of the card that leads out; nothing is sent.
fn own_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then(|| address.to_string())
}

/// A host as an address line writes it: IPv6 in brackets.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
