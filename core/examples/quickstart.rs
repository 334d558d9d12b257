//! Two phones, one record: edited twice without signal, synced, and the question that both then see.
//!
//! Against a running `wangge-server serve`, with two codes of `wangge-server invite`:
//! `cargo run -p wangge-core --example quickstart -- WG1-… WG1-…`

use std::{error::Error, sync::Arc};

use wangge_core::{
    app::{App, EditRequest, FieldEdit, HttpLink, SystemEnv},
    model::{KindName, RecordId, Source},
};

fn main() -> Result<(), Box<dyn Error>> {
    let codes: Vec<String> = std::env::args().skip(1).collect();
    let [code_a, code_b] = codes.as_slice() else { return Err("two enrolment codes, please".into()) };
    let dir = std::env::temp_dir().join(format!("wangge-quickstart-{}", std::process::id()));

    // A phone keeps its key in the platform's key store; here two fixed ones will do.
    let open = |name: &str, key| App::open(&dir.join(name), &key, Arc::new(SystemEnv), Arc::new(HttpLink));
    let (a, b) = (open("a", [1; 32])?, open("b", [2; 32])?);
    println!("甲 {:?}", a.enrol(code_a, "phone A")?.user_name);
    println!("乙 {:?}", b.enrol(code_b, "phone B")?.user_name);

    let kind = KindName::from("resident");
    let name = |record: Option<RecordId>, text: &str, source| EditRequest {
        record,
        kind: kind.clone(),
        source,
        edits: vec![FieldEdit::put("name", text)],
        ..EditRequest::default()
    };
    let record = a.edit(&name(None, "张伟", Source::SelfSaid))?.record;
    a.sync(&())?;
    b.sync(&())?;

    // Both are offline from here on, and both see an identity card.
    a.edit(&name(Some(record), "张玮", Source::DocumentSeen))?;
    b.edit(&name(Some(record), "张炜", Source::DocumentSeen))?;
    for phone in [&a, &b, &a] {
        let report = phone.sync(&())?;
        println!("交 {} 收 {}", report.summary.sent, report.summary.received);
    }

    for (who, phone) in [("甲", &a), ("乙", &b)] {
        let view = phone.get(record)?;
        println!("{who} 看到：{}", view.title);
        for item in view.attention {
            println!("  待确认：{} / {}", item.say.zh, item.say.en);
        }
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
