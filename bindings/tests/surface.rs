//! Walks every method of the surface as another language would, on a phone without a network. What a server answers is
//! tested from Kotlin, against the real one (`kotlin/src/test`).

use std::sync::{Arc, Mutex};

use serde_json::json;
use tempfile::TempDir;
use wangge_core::{app, model, store::Store};
use wangge_ffi::{
    Account, DeviceKey, EditOutcome, EditRequest, FieldEdit, FieldType, KeyError, KindName, LeaseState, ListRequest,
    ListenerError, RecordId, Role, Rule, Sentence, Severity, Source, SyncAnswer, SyncListener, SyncProgress, Value,
    Wangge, WanggeError,
};

const KEY: [u8; 32] = [7; 32];
const DAY: i64 = 86_400_000;

fn open(dir: &TempDir) -> Arc<Wangge> {
    Wangge::open(path(dir), KEY.to_vec()).expect("an empty directory can be opened")
}

fn path(dir: &TempDir) -> String {
    dir.path().to_str().expect("the path is text").to_owned()
}

fn temp() -> TempDir {
    tempfile::tempdir().expect("there is room for a directory")
}

/// A phone that was enrolled with a server which is not there now. Its clock is the system's, so the lease begins today.
fn enrolled() -> (TempDir, Arc<Wangge>) {
    let dir = temp();
    let store = Store::open(dir.path(), &KEY).expect("an empty directory can be opened");
    let now = app::Env::now(&app::SystemEnv).0;
    let account = json!({
        "device": "00112233445566778899aabbccddeeff", "user": "zhang.wei", "user_name": "张伟", "role": "GW",
        "scopes": ["110101001001001"], "county": "示例县", "url": "https://127.0.0.1:9",
        "root": vec![1; 32], "identity": vec![2; 32], "sealing_key": vec![3; 32],
    });
    let contact = json!({
        "epoch": 1, "server_time": now, "device_time": now, "backed_up_through": [1, 0],
        "lease": {"id": "L1", "warn_at": now + 7 * DAY, "lock_at": now + 14 * DAY},
    });
    store
        .write(|writer| {
            writer.set_meta("account", account.to_string().as_bytes())?;
            writer.set_meta("contact", contact.to_string().as_bytes())
        })
        .expect("the account can be written");
    drop(store);
    let phone = open(&dir);
    (dir, phone)
}

fn new_resident(name: &str) -> EditRequest {
    EditRequest {
        kind: "resident".into(),
        source: Source::SelfSaid,
        record: None,
        scope: None,
        observed_at: None,
        edits: vec![put("name", name)],
        confirm: vec![],
        decide: vec![],
        visit: None,
        submission: None,
        commands: Vec::new(),
    }
}

fn put(field: &str, text: &str) -> FieldEdit {
    FieldEdit::Put { field: field.into(), value: Value::Text { value: text.into() } }
}

fn everything() -> ListRequest {
    ListRequest { kind: None, scope: None, text: None, contested_only: false, after: None, limit: 0 }
}

struct Quiet;
impl SyncListener for Quiet {
    fn progress(&self, _: SyncProgress) -> Result<SyncAnswer, ListenerError> {
        Ok(SyncAnswer::Continue)
    }
}

#[test]
fn before_enrolment_only_forms_are_there() {
    let dir = temp();
    let phone = open(&dir);
    assert_eq!(phone.account(), Ok(None));
    assert_eq!(phone.contact(), Ok(None));
    let kinds = phone.kinds().expect("forms need no account");
    assert!(kinds.iter().any(|kind| kind.name == KindName::from("resident")));
    assert!(kinds.iter().all(|kind| !kind.writable && kind.fields.iter().all(|field| !field.visible)));
    let error = phone.edit(new_resident("王芳")).expect_err("nobody is enrolled");
    assert!(matches!(error, WanggeError::NotAllowed { .. }), "{error:?}");
    assert!(error.say().zh.contains("注册"), "{error}");
}

#[test]
fn a_wrong_code_is_a_problem_of_the_form() {
    let dir = temp();
    let error = open(&dir).enrol("WG1-HELLO", "phone").expect_err("no such code");
    let WanggeError::Invalid { problems, zh, en } = error else { panic!("{error:?}") };
    assert_eq!((problems[0].field.as_str(), problems[0].severity), ("code", Severity::Block));
    assert!(zh.contains("注册码") && en.contains("code") && !zh.contains(" / "), "{zh} {en}");
}

#[test]
fn a_key_of_another_length_or_another_key_is_refused() {
    let dir = temp();
    let short = Wangge::open(path(&dir), vec![1; 31]).err();
    assert!(matches!(&short, Some(WanggeError::Invalid { problems, .. }) if problems[0].field == "key"), "{short:?}");
    drop(open(&dir));
    let wrong = Wangge::open(path(&dir), vec![8; 32]).err();
    assert!(matches!(&wrong, Some(WanggeError::Storage { .. })), "{wrong:?}");
}

#[test]
fn a_directory_in_use_is_busy() {
    let dir = temp();
    let first = open(&dir);
    let second = Wangge::open(path(&dir), KEY.to_vec()).err();
    assert!(matches!(&second, Some(WanggeError::Busy { .. })), "{second:?}");
    drop(first);
    open(&dir);
}

#[test]
fn a_day_of_work_without_a_network() {
    let (_dir, phone) = enrolled();
    let account = phone.account().expect("the store is open").expect("enrolled");
    let Account { user_name, role, ref scopes, .. } = account;
    assert_eq!((user_name.as_str(), role, scopes.len()), ("张伟", Role::GW, 1));
    assert_eq!((role.zh().as_str(), phone.lease()), ("专职网格员", Ok(LeaseState::Good)));
    assert!(phone.contact().is_ok_and(|contact| contact.is_some_and(|c| c.warn_at < c.lock_at)));

    let mut form = new_resident("王芳");
    form.edits.push(FieldEdit::Add { field: "phones".into(), text: "13800138000".into(), date: None });
    let EditOutcome { record, changes, warnings } = phone.edit(form).expect("a name is enough");
    assert_eq!((changes.len(), warnings.len()), (1, 0));

    let view = phone.get(record).expect("it was just written");
    let name = view.fields.iter().find(|field| field.field == "name").expect("the form has a name");
    assert_eq!((view.title.as_str(), name.shown.as_str(), view.pending), ("王芳", "王芳", 1));
    assert_eq!((name.claims[0].source.say().zh.as_str(), name.contested), ("本人述", false));
    let phones = view.fields.iter().find(|field| field.field == "phones").expect("the form has telephones");
    assert!(phones.members.iter().any(|member| member.present && member.text == "13800138000"));

    let page = phone.list(ListRequest { text: Some("王".into()), ..everything() }).expect("the store is open");
    assert_eq!(page.items[0].values.get("name"), Some(&Value::Text { value: "王芳".into() }));
    assert_eq!(phone.counts().expect("the store is open").get(&"resident".into()), Some(&1));

    let correction = EditRequest {
        record: Some(record),
        edits: vec![put("name", "王方")],
        source: Source::DocumentSeen,
        ..new_resident("")
    };
    phone.edit(correction).expect("a document was seen");
    let lines = phone.history(record, Some("name".into())).expect("the record is here");
    assert_eq!(lines.iter().map(|line| line.value.clone()).collect::<Vec<_>>(), ["王芳", "王方"].map(text));
    assert!(lines.iter().all(|line| line.field == "name" && !line.say.zh.is_empty() && line.accepted_at.is_none()));
    assert!(phone.history(record, None).is_ok_and(|all| all.len() > lines.len()));

    assert_eq!(phone.attention(), Ok(vec![]));
    assert_eq!(phone.refusals(), Ok(vec![]));
    assert_eq!(phone.outbox().map(|counts| (counts.pending, counts.accepted)), Ok((2, 0)));
}

fn text(value: &str) -> Value {
    Value::Text { value: value.into() }
}

#[test]
fn pages_follow_each_other() {
    let (_dir, phone) = enrolled();
    for number in 0..5 {
        phone.edit(new_resident(&format!("居民{number}"))).expect("a name is enough");
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = phone.list(ListRequest { after, limit: 2, ..everything() }).expect("the store is open");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|item| item.title));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["居民0", "居民1", "居民2", "居民3", "居民4"]);
}

#[test]
fn problems_of_a_form_come_all_at_once() {
    let (_dir, phone) = enrolled();
    let mut form = new_resident("王芳");
    form.edits = vec![put("sex", "x"), put("emergency_phone", "yesterday"), put("no_such_field", "1")];
    let error = phone.edit(form).expect_err("nothing of it can be kept");
    let WanggeError::Invalid { problems, .. } = &error else { panic!("{error:?}") };
    let mut fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["emergency_phone", "name", "no_such_field", "sex"]);
    let Sentence { zh, en } = error.say();
    assert!(zh.contains('；') && en.contains("; "), "{zh} {en}");
}

#[test]
fn an_unknown_record_is_not_found() {
    let (_dir, phone) = enrolled();
    let (_other_dir, other) = enrolled();
    let elsewhere: RecordId = other.edit(new_resident("王芳")).expect("a name is enough").record;
    assert!(matches!(phone.get(elsewhere), Err(WanggeError::NotFound { .. })));
    assert!(matches!(phone.history(elsewhere, None), Err(WanggeError::NotFound { .. })));
}

#[test]
fn forms_say_what_this_person_may_do() {
    let (_dir, phone) = enrolled();
    let form = phone.kind("resident".into()).expect("the store is open").expect("the kind is built in");
    assert!(form.writable && form.zh == "居民");
    let field = |key: &str| form.fields.iter().find(|field| field.key == key).expect("the field is built in");
    let name = field("name");
    assert!(name.required && name.visible && name.writable && !name.decidable, "a grid head decides on names");
    let sex = field("sex");
    assert_eq!((sex.field_type, sex.codes.is_empty()), (FieldType::Code, false));
    assert!(sex.codes.iter().any(|code| code.zh == "女"));
    assert_eq!(field("phones").rule, Rule::Set);
    assert_eq!(phone.kind("dragon".into()), Ok(None));
    let schema = model::Schema::built_in();
    assert_eq!(phone.kinds().map(|kinds| kinds.len()), Ok(schema.kinds.len()));
}

#[test]
fn after_closing_every_call_says_so() {
    let (_dir, phone) = enrolled();
    let record = phone.edit(new_resident("王芳")).expect("a name is enough").record;
    phone.close_files().expect("nothing is running");
    let answers = [
        phone.account().err(),
        phone.contact().err(),
        phone.lease().err(),
        phone.enrol("WG1-HELLO", "phone").err(),
        phone.edit(new_resident("李明")).err(),
        phone.get(record).err(),
        phone.list(everything()).err(),
        phone.counts().err(),
        phone.history(record, None).err(),
        phone.attention().err(),
        phone.outbox().err(),
        phone.refusals().err(),
        phone.sync(Arc::new(Quiet)).err(),
        phone.kinds().err(),
        phone.kind("resident".into()).err(),
    ];
    for (call, answer) in answers.into_iter().enumerate() {
        assert!(matches!(&answer, Some(WanggeError::Closed { .. })), "call {call}: {answer:?}");
    }
    phone.reopen().expect("the files are there");
    assert_eq!(phone.get(record).map(|view| view.title), Ok("王芳".into()));
}

#[test]
fn a_sync_without_a_server_says_why_and_loses_nothing() {
    let (_dir, phone) = enrolled();
    phone.edit(new_resident("王芳")).expect("a name is enough");
    let report = phone.sync(Arc::new(Quiet)).expect("no network is no failure of the phone");
    assert!(matches!(&report.fault, Some(WanggeError::Network { zh, .. }) if !zh.is_empty()), "{report:?}");
    assert_eq!((report.sent, report.listener_failure), (0, None));
    assert_eq!(phone.outbox().map(|counts| counts.pending), Ok(1));
}

/// Counts what it signs, and fails on demand.
#[derive(Default)]
struct PhoneKey {
    signed: Mutex<u32>,
    gone: bool,
}
impl DeviceKey for PhoneKey {
    fn public_key(&self) -> Result<Vec<u8>, KeyError> {
        if self.gone { Err(KeyError::Unavailable { reason: "locked".into() }) } else { Ok(vec![2; 33]) }
    }
    fn sign(&self, _: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        *self.signed.lock().expect("nobody panics here") += 1;
        Ok(vec![0; 64])
    }
}

#[test]
fn a_key_of_the_platform_signs() {
    let (dir, phone) = enrolled();
    drop(phone);
    let gone =
        Wangge::open_with_key(path(&dir), KEY.to_vec(), Arc::new(PhoneKey { gone: true, ..PhoneKey::default() }));
    assert!(matches!(gone.err(), Some(WanggeError::Storage { zh, .. }) if zh.contains("密钥")));
    let key = Arc::new(PhoneKey::default());
    let phone = Wangge::open_with_key(path(&dir), KEY.to_vec(), key.clone()).expect("the key answers");
    phone.sync(Arc::new(Quiet)).expect("no network is no failure of the phone");
    assert!(*key.signed.lock().expect("nobody panics here") >= 1);
}
