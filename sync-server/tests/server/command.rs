//! The program itself, as a clerk runs it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;
use wangge_core::{
    model::{Millis, RecordId, Role, Source},
    net::{HttpTransport, Transport as _},
    sync::{
        EnrolmentCode, frame,
        wire::{EnrolReply, Reason},
    },
};
use wangge_server::{
    County, Keys, api,
    county::{Pair, ServerBatch, ServerRecord},
    keys::files,
};

use crate::support::{Phone, open};

const PASSWORD: &str = "correct horse 电池\n";

pub fn run(dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wangge-server"))
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read; that is no fault of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn init(dir: &Path) -> Output {
    let arguments = [
        "init",
        "--county",
        "云溪县",
        "--host",
        "127.0.0.1",
        "--admin",
        "admin",
        "--password-stdin",
        "--sheet",
        "sheet.txt",
    ];
    run(dir, &arguments, PASSWORD)
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn keys_in(dir: &Path) -> Keys {
    files::load(dir).unwrap()
}

#[test]
fn init_makes_a_county_once_and_recover_makes_the_same_keys_again() {
    let dir = TempDir::new().unwrap();
    let made = init(dir.path());
    assert!(made.status.success(), "{}", text(&made));
    let before = keys_in(&dir.path().join("wangge-data-keys"));
    let sheet = fs::read_to_string(dir.path().join("sheet.txt")).unwrap();
    assert!(text(&made).contains("恢复单"));

    let again = init(dir.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again).contains("不会覆盖") && text(&again).contains("left as it is"));

    // The keys are lost, the data is there: the words bring the same keys back, and they open it.
    let words: String =
        sheet.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())).collect();
    fs::remove_dir_all(dir.path().join("wangge-data-keys")).unwrap();
    let lost = run(dir.path(), &["status"], "");
    assert!(!lost.status.success() && text(&lost).contains("--recover"), "{}", text(&lost));
    let back = run(dir.path(), &["init", "--recover"], &words);
    assert!(back.status.success(), "{}", text(&back));
    let after = keys_in(&dir.path().join("wangge-data-keys"));
    assert_eq!(before.identity_public(), after.identity_public());
    assert_eq!(before.root_pin(), after.root_pin());
    assert_eq!(before.sealing_public(), after.sealing_public());
    assert!(run(dir.path(), &["status"], "").status.success());

    // Everything is lost but the sheet: an empty county with the same keys and a later epoch.
    fs::remove_dir_all(dir.path().join("wangge-data-keys")).unwrap();
    fs::remove_dir_all(dir.path().join("wangge-data")).unwrap();
    let needs = run(dir.path(), &["init", "--recover"], &words);
    assert!(!needs.status.success() && text(&needs).contains("--admin"));
    let input = format!("{words}\n{PASSWORD}");
    let anew = run(dir.path(), &["init", "--recover", "--admin", "admin", "--password-stdin", "--json"], &input);
    assert!(anew.status.success(), "{}", text(&anew));
    let status: serde_json::Value = serde_json::from_slice(&run(dir.path(), &["status", "--json"], "").stdout).unwrap();
    assert!(status["epoch"].as_u64().unwrap() > 1_000_000);
}

#[test]
fn words_of_another_county_leave_no_keys_behind() {
    let dir = TempDir::new().unwrap();
    assert!(init(dir.path()).status.success());
    fs::remove_dir_all(dir.path().join("wangge-data-keys")).unwrap();
    let other = wangge_server::keys::sheet::words(&Keys::from_seed([3; 32]));
    let wrong = run(dir.path(), &["init", "--recover"], &other);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong).contains("密钥与数据不符"), "{}", text(&wrong));
    assert!(!dir.path().join("wangge-data-keys").exists());
}

#[test]
fn a_refused_init_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let short = run(dir.path(), &["init", "--admin", "admin", "--password-stdin"], "short\n");
    assert_eq!(short.status.code(), Some(1));
    assert!(text(&short).contains("至少 10 个字符"), "{}", text(&short));
    let host = run(dir.path(), &["init", "--admin", "admin", "--password-stdin", "--host", "a b"], PASSWORD);
    assert_eq!(host.status.code(), Some(1));
    let inside =
        run(dir.path(), &["init", "--admin", "admin", "--password-stdin", "--keys", "wangge-data/k"], PASSWORD);
    assert_eq!(inside.status.code(), Some(1));
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "half a county: {left:?}");
    let missing = run(dir.path(), &["status"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing).contains("找不到数据目录"));
}

#[test]
fn a_clerk_invites_while_the_server_runs_and_a_phone_enrols() {
    let dir = TempDir::new().unwrap();
    assert!(init(dir.path()).status.success());
    assert!(run(dir.path(), &["region", "add", "990123001001001", "--name", "一网格"], "").status.success());
    let mut server = Command::new(env!("CARGO_BIN_EXE_wangge-server"))
        .args(["serve", "--listen", "127.0.0.1", "--port", "0", "--json"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();

    let second = run(dir.path(), &["serve", "--port", "0"], "");
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second).contains("正在使用"), "{}", text(&second));

    let arguments = ["invite", "--user", "zhang.wei", "--name", "张伟", "--role", "gw", "--grid", "990123001001001"];
    let shown = run(dir.path(), &arguments, "");
    assert!(text(&shown).contains("█"), "a QR code for the phone's camera: {}", text(&shown));
    let typed: String =
        text(&shown).lines().skip_while(|line| !line.starts_with("WG1-")).take_while(|l| !l.is_empty()).collect();
    let code: EnrolmentCode = typed.parse().unwrap();
    assert_eq!(code.url, said["url"]);
    let transport = HttpTransport::new(&code.url, code.root, None, frame::MAX_WIRE).unwrap();
    let request = Phone::new(5).enrol_request(&code);
    let (status, bytes) = transport.post(api::ENROL, frame::pack(&request).unwrap()).unwrap();
    let reply: EnrolReply = open(status, &bytes, &code.identity, &request.nonce).unwrap();
    assert_eq!((reply.user_name.as_str(), reply.role, reply.county.as_str()), ("张伟", Role::GW, "云溪县"));

    let status: serde_json::Value = serde_json::from_slice(&run(dir.path(), &["status", "--json"], "").stdout).unwrap();
    let device = status["devices"][0]["device"].as_str().unwrap();
    let revoked = run(dir.path(), &["revoke", device], "");
    assert!(text(&revoked).contains("已停用"), "{}", text(&revoked));

    #[cfg(unix)]
    {
        let stop = Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
        assert!(stop.success());
        assert!(server.wait().unwrap().success(), "Ctrl-C is a good end");
    }
    #[cfg(not(unix))]
    server.kill().unwrap();
}

#[test]
fn a_county_checks_its_schema_files() {
    let dir = TempDir::new().unwrap();
    let good = "[[list]]\nname = \"well_cover\"\nzh = \"井盖情况\"\nen = \"Covers of wells\"\nversion = 1\n\
        code = [{ code = \"sound\", zh = \"完好\", en = \"sound\" }]\n";
    fs::write(dir.path().join("good.toml"), format!("\u{feff}{good}")).unwrap();
    let passed = run(dir.path(), &["schema", "check", "good.toml"], "");
    assert!(passed.status.success(), "{}", text(&passed));
    assert!(text(&passed).contains("good.toml: 代码表：well_cover / code lists: well_cover"), "{}", text(&passed));

    fs::write(dir.path().join("bad.toml"), good.replace("井盖情况", "信访情况")).unwrap();
    fs::write(dir.path().join("worse.toml"), good.replace("\"well_cover\"", "well_cover")).unwrap();
    fs::write(dir.path().join("gbk.toml"), b"zh = \"\xbe\xae\"\n").unwrap();
    let refused = run(dir.path(), &["schema", "check", "good.toml", "bad.toml"], "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("bad.toml:3: ") && text(&refused).contains("1 problems"), "{}", text(&refused));
    let json = run(dir.path(), &["schema", "check", "--json", "bad.toml", "worse.toml", "gbk.toml"], "");
    assert_eq!(json.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let told: Vec<_> = said["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["file"].as_str().unwrap(), p["line"].as_u64()))
        .collect();
    assert!(told.contains(&("worse.toml", Some(2))) && told.contains(&("gbk.toml", Some(1))), "{told:?}");
    assert_eq!(run(dir.path(), &["schema", "check", "none.toml"], "").status.code(), Some(1));
}

#[test]
fn the_dictionary_is_printed_in_both_languages() {
    let dir = TempDir::new().unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/docs");
    for (lang, name) in [("en", "dictionary.md"), ("zh", "dictionary.zh-CN.md")] {
        let printed = run(dir.path(), &["schema", "doc", "--lang", lang], "");
        assert!(printed.status.success());
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), fs::read_to_string(docs.join(name)).unwrap());
    }
}

#[test]
fn attention_lists_items_and_pairs_of_imports_and_may_be_narrowed_to_a_grid() {
    let dir = TempDir::new().unwrap();
    assert!(init(dir.path()).status.success());
    let county = County::open(&dir.path().join("wangge-data"), &dir.path().join("wangge-data-keys")).unwrap();
    let person = |n: u8, grid: &str| ServerRecord {
        record: RecordId([n; 16]),
        kind: "resident".into(),
        scope: grid.into(),
        source: Source::Registry,
        observed_at: Millis(1_772_323_200_000),
        fields: vec![("name".into(), "张三".into()), ("id_no".into(), "11010519491231002X".into())],
        seen: Vec::new(),
    };
    let why = Reason { rule: "pair_same_id".into(), zh: "证件号码相同".into(), en: "one ID number".into() };
    let batch = ServerBatch {
        records: vec![person(1, "990123001001001"), person(2, "990123001001002")],
        pairs: vec![Pair { a: RecordId([1; 16]), b: RecordId([2; 16]), reason: why }],
        ..ServerBatch::default()
    };
    let now = Millis(1_772_323_200_000);
    county.write_batch(&"import".into(), Role::CC, now, &mut |bytes| bytes.fill(7), &batch).unwrap();
    drop(county);
    let said = text(&run(dir.path(), &["attention"], ""));
    assert!(said.contains("待确认 / waiting for a person: 1"), "{said}");
    assert!(said.contains("张三和张三可能是同一个人：证件号码相同。请当面核实。（跨网格 / across grids）"), "{said}");
    assert!(said.contains("导入时发现的疑似重复 / likely duplicates found by imports: 1"), "{said}");
    let json = run(dir.path(), &["attention", "--json", "--grid", "990123001001002"], "");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["items"][0]["rule"], "same_person");
    assert_eq!(json["items"][0]["across_grids"], true);
    assert_eq!(json["pairs"][0]["rule"], "pair_same_id");
    let elsewhere = run(dir.path(), &["attention", "--json", "--grid", "990123001001003"], "");
    let elsewhere: serde_json::Value = serde_json::from_slice(&elsewhere.stdout).unwrap();
    assert_eq!((elsewhere["items"].as_array().unwrap().len(), elsewhere["pairs"].as_array().unwrap().len()), (0, 0));
}
