//! The admission guard against honest and hostile changes.

use wangge_core::{
    doc::{
        Document, Draft,
        guard::{Claimed, Verdict, admit_into},
    },
    model::{Actor, Audience, DocId, Kind, Meta, Millis, RecordId, Role, Schema, Value},
};

fn kind() -> Kind {
    toml::from_str(
        r#"
        name = "person"
        zh = "人"
        en = "Person"
        title = ["name"]
        [[field]]
        key = "name"
        zh = "姓名"
        en = "Name"
        type = "text"
        audience = "personal"
        rule = "authority"
        decide = ["GL"]
        retain = "r"
        purpose = "p"
        "#,
    )
    .unwrap()
}

#[test]
fn smoke() {
    let schema = Schema::built_in();
    let doc = DocId { record: RecordId([7; 16]), audience: Audience::Personal, generation: 0 };
    let kind = kind();
    let mut schema = schema.clone();
    schema.kinds.insert(kind.name.clone(), kind.clone());
    let claimed = Claimed { doc, kind: &kind, role: Role::GW, schema: &schema };
    let mut phone = Document::new(doc);
    let mut server = Document::new(doc);
    let meta = Meta { schema: 1, ..Meta::default() };
    let draft = Draft { puts: vec![("name".into(), Value::from("王小明"))], time: Millis(5), meta };
    let written = phone.write(Actor([1; 16]), &draft).unwrap();
    assert_eq!(admit_into(&claimed, &mut server, &written.raw), Verdict::Admit(written.body));
    let again = phone.write(Actor([1; 16]), &draft).unwrap();
    assert_eq!(again.body.puts.len(), 2);
    assert_eq!(admit_into(&claimed, &mut server, &again.raw), Verdict::Admit(again.body));
    assert_eq!(server.heads(), phone.heads());
    assert!(server.snapshot().is_ok());
}
