//! Honest changes of many writers: always admitted, and the document always comes through saving and loading.

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use wangge_core::{
    doc::{
        Document, Draft,
        guard::{Claimed, Verdict, admit, admit_into},
    },
    model::{Member, Role, Schema, Value},
};

use super::kit::{Random, actor, claimed, doc_id, draft, schema};

#[derive(Clone, Debug)]
enum Step {
    /// A phone writes some fields.
    Edit { phone: usize, puts: Vec<(usize, u8)> },
    /// A phone confirms.
    Confirm { phone: usize },
    /// A grid head's phone decides.
    Decide { phone: usize, value: u8 },
    /// A phone hands over what it wrote and takes what is there.
    Sync { phone: usize },
    /// A phone starts anew, so that it writes under another actor.
    Restart { phone: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let phone = 0..PHONES;
    let step = prop_oneof![
        6 => (phone.clone(), prop::collection::vec((0..9_usize, 0..6_u8), 1..6))
            .prop_map(|(phone, puts)| Step::Edit { phone, puts }),
        2 => phone.clone().prop_map(|phone| Step::Confirm { phone }),
        1 => (phone.clone(), 0..6_u8).prop_map(|(phone, value)| Step::Decide { phone, value }),
        4 => phone.clone().prop_map(|phone| Step::Sync { phone }),
        1 => phone.prop_map(|phone| Step::Restart { phone }),
    ];
    prop::collection::vec(step, 1..40)
}

const PHONES: usize = 4;

struct Phone {
    doc: Document,
    outbox: Vec<(Role, Vec<u8>)>,
    taken: usize,
    actor: u8,
}

/// A server that judges, and phones that write and take over what it admitted.
struct County {
    schema: Schema,
    server: Document,
    log: Vec<Vec<u8>>,
    phones: Vec<Phone>,
    actors: u8,
}

impl County {
    fn new() -> Self {
        let phone = |n: usize| Phone { doc: Document::new(doc_id(1)), outbox: vec![], taken: 0, actor: n as u8 };
        let phones = (0..PHONES).map(phone).collect();
        Self { schema: schema(), server: Document::new(doc_id(1)), log: vec![], phones, actors: PHONES as u8 }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Edit { phone, puts } => {
                let mut put: Vec<(String, Value)> =
                    puts.iter().map(|(field, value)| field_value(*field, *value)).collect();
                put.sort();
                put.dedup_by(|a, b| a.0 == b.0);
                self.write(*phone, Role::GW, Draft { puts: put, ..draft(&[]) });
            }
            Step::Confirm { phone } => {
                let mut draft = draft(&[]);
                draft.meta.seen = vec!["*".to_owned()];
                self.write(*phone, Role::GW, draft);
            }
            Step::Decide { phone, value } => {
                let mut draft = Draft { puts: vec![field_value(0, *value)], ..draft(&[]) };
                draft.meta.decides = vec!["*".to_owned()];
                self.write(*phone, Role::GL, draft);
            }
            Step::Sync { phone } => self.sync(*phone),
            Step::Restart { phone } => {
                self.phones[*phone].actor = self.actors;
                self.actors += 1;
            }
        }
    }

    fn write(&mut self, phone: usize, role: Role, draft: Draft) {
        let phone = &mut self.phones[phone];
        let written = phone.doc.write(actor(phone.actor), &draft).unwrap();
        phone.outbox.push((role, written.raw));
    }

    fn sync(&mut self, phone: usize) {
        let phone = &mut self.phones[phone];
        for (role, raw) in phone.outbox.drain(..) {
            let claim = Claimed { role, ..claimed(&self.schema, doc_id(1)) };
            let (verdict, before) = (admit(&claim, &self.server, &raw), self.server.len());
            assert!(matches!(verdict, Verdict::Admit(_)), "{verdict:?}");
            assert_eq!(self.server.len(), before, "judging alone changes nothing");
            assert_eq!(admit_into(&claim, &mut self.server, &raw), verdict);
            assert_eq!(self.server.len(), before + 1);
            assert_eq!(admit_into(&claim, &mut self.server, &raw), verdict, "again changes nothing");
            assert_eq!(self.server.len(), before + 1);
            self.log.push(raw);
        }
        for raw in &self.log[phone.taken..] {
            phone.doc.apply(raw).unwrap();
        }
        phone.taken = self.log.len();
    }

    fn settle(&mut self) {
        (0..PHONES).chain(0..PHONES).for_each(|phone| self.sync(phone));
        let snapshot = self.server.snapshot().unwrap();
        let loaded = Document::load(doc_id(1), Some(&snapshot), []).unwrap();
        let replayed = Document::load(doc_id(1), None, self.log.iter().map(Vec::as_slice)).unwrap();
        for doc in self.phones.iter().map(|phone| &phone.doc).chain([&loaded, &replayed]) {
            assert_eq!(doc.heads(), self.server.heads());
            assert_eq!((doc.len(), doc.entries()), (self.log.len(), self.server.entries()));
        }
    }
}

fn field_value(field: usize, value: u8) -> (String, Value) {
    let words = ["王小明", "", "长名字".repeat(40).leak(), "a", "b", "👵"];
    let number = [0, -1, 1 << 42, -(1 << 42), 64, 12_345][usize::from(value)];
    let word = Value::from(words[usize::from(value)]);
    match field {
        0 => ("name".to_owned(), if value == 1 { Value::Null } else { word }),
        1 => ("count".to_owned(), Value::Int(number)),
        2 => ("at".to_owned(), if value == 0 { Value::Null } else { Value::Int(number) }),
        3 => ("spot".to_owned(), Value::Int(number)),
        4 => ("alone".to_owned(), if value > 3 { Value::Null } else { Value::Bool(value > 1) }),
        5 | 6 => {
            let member = if value > 2 { Member::present("13800000000") } else { Member::ended("13800000000", None) };
            (Member::key("phones", &member.text), member.to_value())
        }
        7 => {
            let member =
                Member::present(["13900000000", "12345", "95598", "4008001234", "110", "2821234"][usize::from(value)]);
            (Member::key("phones", &member.text), member.to_value())
        }
        _ => (format!("notes/01J9ZQ4M7N8P2R5S6T7V8W9X0{value}"), Value::from("{\"text\":\"看过\"}")),
    }
}

#[test]
fn honest_changes_of_many_writers_are_admitted_and_come_through() {
    let mut random = Random::seeded("honest");
    let mut seed = [0; 32];
    seed.chunks_mut(8).for_each(|part| part.copy_from_slice(&random.next().to_le_bytes()));
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let outcome = runner.run(&steps(), |steps| {
        let mut county = County::new();
        for step in &steps {
            county.run(step);
        }
        county.settle();
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn six_hundred_runs_on_one_record_stay_loadable() {
    let schema = schema();
    let claim = claimed(&schema, doc_id(1));
    let mut server = Document::new(doc_id(1));
    let mut raws = Vec::new();
    for run in 0..600_u16 {
        // Each run loads what the one before saved and writes under an actor of its own.
        let mut name = [0xa5; 16];
        name[..2].copy_from_slice(&(run.wrapping_mul(40_503)).to_be_bytes());
        let value = Value::Int(i64::from(run));
        let puts = [("count", value), ("name", Value::from(if run % 2 == 0 { "甲" } else { "乙" }))];
        let written = server.clone().write(wangge_core::model::Actor(name), &draft(&puts)).unwrap();
        if run % 97 == 0 {
            assert_eq!(admit_into(&claim, &mut server, &written.raw), Verdict::Admit(written.body));
        } else {
            server.apply(&written.raw).unwrap();
        }
        raws.push(written.raw);
    }
    let snapshot = server.snapshot().unwrap();
    assert!(snapshot.len() < 40_000, "{} bytes", snapshot.len());
    let mut loaded = Document::load(doc_id(1), Some(&snapshot), []).unwrap();
    assert_eq!((loaded.len(), loaded.heads(), loaded.entries()), (600, server.heads(), server.entries()));
    let next = loaded.write(actor(1), &draft(&[("count", Value::Int(1))])).unwrap();
    assert!(matches!(admit_into(&claim, &mut server, &next.raw), Verdict::Admit(_)));
    let replayed = Document::load(doc_id(1), None, raws.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(replayed.len(), 600);
}
