//! The whole path: the server program with TLS on loopback, and phones that are real cores.

#[path = "e2e/county.rs"]
mod county;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc, thread, time::Duration};

use county::Site;
use tempfile::TempDir;
use wangge_core::{
    app::{App, AppError, DeviceKey as _, EditRequest, FieldEdit, HttpLink, SoftwareKey, SyncReport, SystemEnv},
    model::{Audience, ChangeHash, DocId, KindName, RecordId, Scope, Source, Value},
    net::{HttpTransport, Transport as _},
    sync::{
        EnrolmentCode,
        frame::{self, MAX_WIRE, SignedReply, SignedRequest},
        wire::{SyncReply, SyncRequest, Upload, UploadResult, Vector, vector_root},
    },
};
use wangge_server::serve::{clock, entropy};

fn new_resident(phone: &App, name: &str) -> RecordId {
    let form = EditRequest {
        kind: "resident".into(),
        source: Source::SelfSaid,
        edits: vec![FieldEdit::put("name", name)],
        ..EditRequest::default()
    };
    phone.edit(&form).expect("kept").record
}

fn put(phone: &App, record: RecordId, source: Source, field: &str, value: &str) -> ChangeHash {
    let form = EditRequest {
        record: Some(record),
        kind: "resident".into(),
        source,
        edits: vec![FieldEdit::put(field, value)],
        ..EditRequest::default()
    };
    phone.edit(&form).expect("kept").changes[0]
}

fn sync(phone: &App) -> SyncReport {
    let report = phone.sync(&()).expect("a sync");
    assert_eq!(report.fault, None);
    report
}

/// The error that ended a sync, in both languages.
fn fault(phone: &App) -> String {
    let fault = match phone.sync(&()) {
        Ok(report) => report.fault.expect("a fault"),
        Err(error) => error,
    };
    assert!(matches!(fault, AppError::Network { .. }), "{fault:?}");
    fault.to_string()
}

fn refusal(error: &AppError) -> String {
    let text = error.to_string();
    assert!(text.contains(" / ") && !text.is_ascii(), "both languages: {text}");
    text
}

#[test]
fn what_two_workers_wrote_offline_meets_on_both_phones() {
    let mut site = Site::new();
    let (a, b) = (site.enrolled("zhang.wei", "GW"), site.enrolled("li.na", "GW"));
    assert_eq!(a.account().expect("readable").expect("enrolled").county, "云溪县");
    let record = new_resident(&a, "张炜");
    sync(&a);
    sync(&b);
    assert_eq!(b.get(record).expect("arrived").title, "张炜");

    site.kill();
    put(&a, record, Source::DocumentSeen, "name", "张玮");
    put(&a, record, Source::SelfSaid, "phone", "13800000002");
    put(&b, record, Source::DocumentSeen, "name", "张伟");
    assert!(fault(&a).contains("连接不上服务器"));
    assert_eq!((a.outbox().expect("readable").pending, b.outbox().expect("readable").pending), (2, 1));
    assert!(a.attention().expect("readable").is_empty(), "offline nobody knows of the other");

    site.serve();
    sync(&a);
    sync(&b);
    sync(&a);
    let (on_a, on_b) = (a.attention().expect("readable"), b.attention().expect("readable"));
    assert_eq!(on_a, on_b, "the same item on both phones");
    assert_eq!(on_a.len(), 1);
    assert_eq!((on_a[0].field.as_str(), on_a[0].rule.as_str()), ("name", "contested"));
    assert_eq!(on_a[0].in_force, "张炜".into(), "the old name until somebody decides");
    let said: BTreeSet<_> = on_a[0].claims.iter().map(|claim| claim.value.clone()).collect();
    assert_eq!(said, BTreeSet::from(["张玮".into(), "张伟".into()]));
    assert!(
        ["张玮", "张伟", "zhang.wei", "li.na"].iter().all(|word| on_a[0].say.zh.contains(word)),
        "{:?}",
        on_a[0].say
    );
    assert!(!on_a[0].say.zh.contains("冲突"));
    let phone = |app: &App| app.get(record).expect("here").field("phone").map(|field| field.value.clone());
    assert_eq!((phone(&a), phone(&b)), (Some("13800000002".into()), Some("13800000002".into())));

    let idle = sync(&a);
    assert_eq!((idle.summary.rounds, idle.summary.sent, idle.summary.received), (1, 0, 0));
    assert!(idle.bytes_up <= 400 && idle.bytes_down <= 400, "{idle:?}");
    let status = site.status();
    assert_eq!((status["records"].as_u64(), status["changes"].as_u64()), (Some(1), Some(4)), "{status}");
}

#[test]
fn a_part_time_worker_holds_no_names() {
    let site = Site::new();
    let (full, part) = (site.enrolled("zhang.wei", "GW"), site.enrolled("sun.li", "PG"));
    new_resident(&full, "张伟");
    let hazard = EditRequest {
        kind: "event".into(),
        edits: vec![FieldEdit::put("type", "hazard"), FieldEdit::put("category", "gas"), FieldEdit::put("level", "3")],
        ..EditRequest::default()
    };
    full.edit(&hazard).expect("kept");
    sync(&full);
    sync(&part);
    let held = part.held().expect("readable");
    assert_eq!(held.len(), 1);
    assert!(held.iter().all(|(doc, _)| doc.audience == Audience::Open));
    assert!(part.cursors().expect("readable").iter().all(|cursor| cursor.bucket.audience == Audience::Open));
}

#[test]
fn codes_are_good_once_and_for_a_quarter_of_an_hour() {
    let site = Site::new();
    let code = site.invite("zhang.wei", "GW");

    let phone = site.phone("first");
    let last = code.len() - 1;
    let mistyped = format!("{}{}", &code[..last - 1], if code.ends_with("77") { "88" } else { "77" });
    let error = phone.enrol(&mistyped, "x").expect_err("mistyped");
    assert!(matches!(error, AppError::Invalid { .. }) && refusal(&error).contains("注册码"), "{error}");
    let error = phone.enrol("WG2-HELLO", "x").expect_err("not a code");
    assert!(refusal(&error).contains("注册码"), "{error}");

    let mut unknown: EnrolmentCode = code.parse().expect("a code");
    unknown.secret[15] ^= 1;
    let error = phone.enrol(&unknown.to_string(), "x").expect_err("a secret that nobody gave out");
    assert!(matches!(error, AppError::NotAllowed { .. }) && refusal(&error).contains("注册码"), "{error}");

    phone.enrol(&code, "first").expect("good once");
    let second = site.phone("second");
    let used = second.enrol(&code, "second").expect_err("used");
    assert!(matches!(used, AppError::NotAllowed { .. }) && refusal(&used).contains("用过"), "{used}");

    // Made as if twenty minutes ago: the server's clock is the real one.
    let county = site.county();
    let then = clock().plus(-20 * 60_000);
    let late = county.invite(&"zhang.wei".into(), None, then, &mut entropy).expect("a code").to_string();
    drop(county);
    let error = second.enrol(&late, "second").expect_err("expired");
    assert!(matches!(error, AppError::NotAllowed { .. }) && refusal(&error).contains("过期"), "{error}");
    assert_ne!(error, used, "each says what it is");

    second.enrol(&site.invite("zhang.wei", "GW"), "second").expect("after all that, a fresh one");
    sync(&second);
}

#[test]
fn another_countys_server_gets_nothing_and_nothing_is_lost() {
    let (mut ours, mut theirs) = (Site::new(), Site::new());
    let phone = ours.enrolled("zhang.wei", "GW");
    let record = new_resident(&phone, "张伟");
    let port = ours.port();
    ours.kill();
    theirs.move_to(port);

    let error = fault(&phone);
    assert!(error.contains("证书不是本县的") && error.contains("not the county's"), "{error}");
    assert_eq!(phone.outbox().expect("readable").pending, 1);
    assert_eq!(phone.get(record).expect("still here").title, "张伟");
    assert_eq!(theirs.status()["changes"].as_u64(), Some(0));
    let mut code: EnrolmentCode = theirs.invite("li.na", "GW").parse().expect("a code");
    code.root = [1; 32];
    let error = theirs.phone("stranger").enrol(&code.to_string(), "x").expect_err("a pin of nobody");
    assert!(refusal(&error).contains("证书"), "{error}");

    theirs.kill();
    ours.serve();
    assert_eq!(sync(&phone).summary.sent, 1);
    assert_eq!(ours.ledger().records(), BTreeSet::from([record]));
}

#[test]
fn a_server_killed_during_a_push_loses_nothing_that_it_accepted() {
    let mut site = Site::new();
    let phone = Arc::new(site.enrolled("zhang.wei", "GW"));
    let (mut journal, mut cut_off) = (Vec::new(), 0);
    for (round, delay) in [1u64, 5, 10, 20, 40, 80, 160].into_iter().enumerate() {
        for number in 0..60 {
            let record = new_resident(&phone, &format!("张伟{round}第{number}"));
            journal.push((record, put(&phone, record, Source::SelfSaid, "work", "县医院")));
        }
        let pushing = {
            let phone = phone.clone();
            thread::spawn(move || phone.sync(&()))
        };
        thread::sleep(Duration::from_millis(delay));
        site.kill();
        let ended = pushing.join().expect("no panic").expect("a report");
        cut_off += usize::from(ended.fault.is_some());
        let accepted = phone.outbox().expect("readable").accepted;
        let ledger = site.ledger();
        let logged: usize = ledger.docs.values().map(Vec::len).sum();
        assert!(
            logged as u64 >= accepted,
            "delay {delay} ms: {accepted} acknowledged, {logged} on the disk: {ended:?}"
        );
        site.serve();
    }
    assert!(cut_off > 0, "no push was cut off");
    sync(&phone);
    assert_eq!(phone.outbox().expect("readable").pending, 0);
    let ledger = site.ledger();
    for (record, change) in &journal {
        assert!(ledger.holds(*record, *change), "{record} {change}");
    }
    let logged: usize = ledger.docs.values().map(Vec::len).sum();
    assert_eq!(logged, 2 * journal.len(), "nothing twice");

    let second = site.enrolled("li.na", "GW");
    sync(&second);
    let (mut a, mut b) = (phone.held().expect("readable"), second.held().expect("readable"));
    a.sort();
    b.sort();
    assert_eq!(a, b);
    assert_eq!(phone.cursors().expect("readable"), second.cursors().expect("readable"));
}

/// A phone whose key the test keeps, so that it can send what no phone would.
struct Rogue {
    app: App,
    key: SoftwareKey,
    _home: TempDir,
}

impl Rogue {
    fn enrol(site: &Site, name: &str) -> Self {
        let key = || SoftwareKey::from_bytes(&[9; 32]).expect("a scalar");
        let home = TempDir::new().expect("a directory");
        let link = Arc::new(HttpLink);
        let app = App::open_with_key(home.path(), &[7; 32], Arc::new(SystemEnv), link, Arc::new(key()));
        let app = app.expect("a phone");
        app.enrol(&site.invite(name, "GW"), name).expect("enrolment");
        Self { app, key: key(), _home: home }
    }

    fn send(&self, uploads: Vec<Upload>) -> Vec<UploadResult> {
        let account = self.app.account().expect("readable").expect("enrolled");
        let contact = self.app.contact().expect("readable").expect("enrolled");
        let vector = Vector::Root(vector_root(&self.app.cursors().expect("readable")));
        let request = SyncRequest { epoch: contact.epoch, schema: 1, vector, control: 0, uploads, own_in_full: false };
        let body = minicbor::to_vec(&request).expect("CBOR");
        let mut nonce = [0; 16];
        entropy(&mut nonce);
        let device = account.device;
        let signed = SignedRequest::signed_bytes("/v1/sync", &device, &nonce, &body);
        let signature = self.key.sign(&signed).expect("a signature");
        let request = frame::pack(&SignedRequest { device, nonce, body, signature }).expect("a frame");
        let line = HttpTransport::new(&account.url, account.root, None, MAX_WIRE).expect("a line");
        let (status, bytes) = line.post("/v1/sync", request).expect("a reply");
        assert_eq!(status, 200);
        let reply: SignedReply = frame::unpack(&bytes).expect("a frame");
        reply.open::<SyncReply>(&account.identity, &nonce).expect("the county's signature").results
    }
}

#[test]
fn hostile_chunks_are_refused_and_the_server_stays_up() {
    let mut site = Site::new();
    let rogue = Rogue::enrol(&site, "mallory");
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/hostile");
    let chunks = fs::read_dir(corpus).expect("the corpus").map(|entry| entry.expect("an entry").path());
    let mut sent = 0;
    for path in chunks.filter(|path| path.extension().is_some_and(|ext| ext == "bin")) {
        let mut id = [0; 16];
        entropy(&mut id);
        let upload = Upload {
            doc: DocId { record: RecordId(id), audience: Audience::Personal, generation: 0 },
            kind: KindName::from("resident"),
            grid: Scope::from("990123001001001"),
            raw: fs::read(&path).expect("a chunk"),
        };
        let results = rogue.send(vec![upload]);
        assert!(matches!(&results[..], [UploadResult::Refused(why)] if !why.zh.is_empty()), "{path:?}: {results:?}");
        assert!(site.is_up(), "{path:?}");
        sent += 1;
    }
    assert!(sent >= 20, "{sent} chunks");
    assert_eq!(site.status()["refused"].as_u64(), Some(sent));

    let honest = site.enrolled("zhang.wei", "GW");
    let record = new_resident(&honest, "张伟");
    assert_eq!(sync(&honest).summary.sent, 1);
    sync(&rogue.app);
    assert_eq!(
        rogue.app.get(record).expect("arrived").field("name").map(|f| f.value.clone()),
        Some(Value::from("张伟"))
    );
}
