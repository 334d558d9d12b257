//! Each command is a line of the history: done, waiting, not done, taken back; who, when, and what it set.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use wangge_core::{
    merge::{self, HistoryLine},
    model::{
        Audience, ChangeBody, ChangeHash, DocId, Meta, Millis, Observation, RecordId, Role, Schema, Value,
        flow::{self, Args, Intent, Outcome},
    },
};

const START: Millis = Millis(1_772_928_000_000); // 2026-03-08 08:00 in China
const HOUR: i64 = 3_600_000;
const DOC: DocId = DocId { record: RecordId([1; 16]), audience: Audience::Open, generation: 0 };

fn ulid(number: u8) -> String {
    flow::new_ulid(START, [number; 16])
}

fn seen(number: u8, who: (&str, Role), hour: i64, put: (String, Value)) -> Observation {
    let at = START.plus(hour * HOUR);
    let body = ChangeBody {
        hash: ChangeHash(Sha256::digest([number]).into()),
        deps: Vec::new(),
        actor: wangge_core::model::Actor([0; 16]),
        seq: 1,
        start_op: 1,
        time: at,
        meta: Meta { schema: 1, recorded_at: at, ..Meta::default() },
        puts: vec![put],
    };
    Observation { body, author: who.0.into(), role: who.1, at, doubtful: false, accepted_at: Some(at) }
}

fn intent(number: u8, who: (&str, Role), hour: i64, command: &str, args: &[(&str, Value)]) -> Observation {
    let args: Args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let value = Intent { command: command.to_owned(), args }.to_value();
    seen(number, who, hour, (format!("cmd/{}", ulid(number)), value))
}

/// What the county said to an intent: (number, where it leads, what it sets, why not).
fn answer(of: &Observation, n: u64, (from, to): (&str, &str), set: &[(&str, Value)], why: &str) -> Observation {
    let (key, value) = &of.body.puts[0];
    let outcome = Outcome {
        n,
        epoch: 1,
        command: Intent::from_value(value).unwrap().command,
        ok: why.is_empty(),
        by: of.author.clone(),
        role: of.role,
        of: of.body.hash.prefix(),
        from: from.to_owned(),
        to: to.to_owned(),
        set: set.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<BTreeMap<_, _>>(),
        why: why.to_owned(),
        why_en: why.to_owned(),
    };
    let mut out = seen(100 + n as u8, ("county", Role::CC), 0, (key.replace("cmd/", "out/"), outcome.to_value()));
    out.at = of.at;
    out.body.deps = vec![of.body.hash];
    out
}

fn told(kind: &str, docs: &[(DocId, Vec<Observation>)]) -> Vec<HistoryLine> {
    let schema = Schema::built_in();
    let docs = docs.iter().map(|(doc, all)| (*doc, all.as_slice()));
    merge::command_history(schema, schema.kind(kind).unwrap(), docs)
}

fn lines(all: &[HistoryLine]) -> Vec<(&str, &str)> {
    all.iter().map(|line| (line.field.as_str(), line.zh.as_str())).collect()
}

#[test]
fn done_waiting_refused_and_taken_back_commands_are_lines_of_the_history() {
    let (worker, town) = (("zhang.wei", Role::GW), ("li.na", Role::TC));
    let mut submit = intent(1, worker, 0, "submit", &[]);
    submit.body.meta.recorded_at = START.plus(30 * HOUR);
    let accept = intent(2, town, 1, "accept", &[]);
    let due = Value::Int(START.0 + 72 * HOUR);
    let dispatch = intent(3, town, 2, "dispatch", &[("unit", "U1".into()), ("due_at", due.clone())]);
    let settle = intent(4, worker, 3, "settle", &[("result", "已清理".into())]);
    let mut waits = intent(5, worker, 4, "escalate", &[("reason", "太重".into())]);
    waits.accepted_at = None;
    let slip = intent(6, worker, 5, "escalate", &[("reason", "误点".into())]);
    let mut undo = seen(7, worker, 6, ("place_text".into(), "二单元".into()));
    undo.body.deps = vec![slip.body.hash];
    undo.body.meta.undoes = vec![slip.body.hash.prefix()];
    let state = |to: &str| ("state", Value::from(to));
    let all = vec![
        answer(&submit, 1, ("draft", "reported"), &[state("reported"), ("event_no", "990123-1".into())], ""),
        answer(&accept, 2, ("reported", "accepted"), &[state("accepted")], ""),
        answer(&dispatch, 3, ("accepted", "dispatched"), &[state("dispatched"), ("due_at", due)], ""),
        answer(&settle, 4, ("dispatched", ""), &[], "现在是“已派单”，不能“当场办结”"),
        submit,
        accept,
        dispatch,
        settle,
        waits,
        slip,
        undo,
    ];
    let history = told("event", &[(DOC, all)]);
    assert_eq!(
        lines(&history),
        [
            ("state", "2026-03-08 08:00 专职网格员zhang.wei：上报，已上报，2026年3月9日14:00录入。"),
            ("event_no", "2026年3月8日08:00，zhang.wei（专职网格员）通过“上报”把案件编号记为“990123-1”。"),
            ("state", "2026-03-08 09:00 镇街中心li.na：受理，已受理。"),
            ("state", "2026-03-08 10:00 镇街中心li.na：派单（责任单位：U1；办结时限：2026-03-11 08:00），已派单。"),
            ("due_at", "2026年3月8日10:00，li.na（镇街中心）通过“派单”把办结时限记为“2026-03-11 08:00”。"),
            (
                "state",
                "2026-03-08 11:00 专职网格员zhang.wei：当场办结（处理结果：已清理）。未执行，作为情况说明保留：现在是“已派单”，不能“当场办结”。"
            ),
            ("state", "等待县里答复：2026-03-08 12:00 专职网格员zhang.wei：上报上级（理由：太重），待上传。"),
            ("state", "2026-03-08 13:00 专职网格员zhang.wei：上报上级（理由：误点），2026年3月8日14:00由本人撤销。"),
        ]
    );
    assert!(history.iter().all(|line| line.en.ends_with('.') && line.claim.key.starts_with("cmd/")));
    assert_eq!(history[2].claim.author.0, "li.na", "who did it, not who wrote the answer down");
}

#[test]
fn an_outcome_that_stands_in_two_documents_is_told_once_with_its_words() {
    let mediator = ("xu.hui", Role::MD);
    let ask = intent(1, mediator, 0, "other_way", &[("way", "劳动仲裁".into()), ("told", Value::Bool(true))]);
    let done = answer(&ask, 2, ("mediating", "failed"), &[], "现在不能操作");
    let dispute = DocId { audience: Audience::Dispute, ..DOC };
    let history = told("event", &[(DOC, vec![done.clone()]), (dispute, vec![ask, done])]);
    let found: Vec<&str> =
        history.iter().map(|line| line.zh.as_str()).filter(|zh| zh.contains("引导其他途径")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("引导的途径：劳动仲裁"), "the one with the words: {found:?}");
}

#[test]
fn flows_without_a_state_field_stand_under_what_they_set() {
    let head = ("zhou.min", Role::GL);
    let into = RecordId([2; 16]).to_string();
    let merge = intent(1, head, 0, "merge", &[("into", into.as_str().into())]);
    let done = answer(&merge, 1, ("single", "merged"), &[("alias_of", into.as_str().into())], "");
    let doc = DocId { audience: Audience::Personal, ..DOC };
    let history = told("resident", &[(doc, vec![merge, done])]);
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].field.as_str(), &history[0].claim.value), ("alias_of", &Value::from(into.as_str())));
    let dead = intent(2, head, 1, "confirm_dead", &[("document", "医学证明".into())]);
    let done = answer(&dead, 1, ("reported_dead", "dead"), &[], "");
    let history = told("resident", &[(doc, vec![dead, done])]);
    assert_eq!((history[0].field.as_str(), &history[0].claim.value), ("life_status", &Value::from("dead")));
}
