//! What DOMAIN 4.1 and 4.2 say of events, written by hand: a row of the file that says something else is found here.

use wangge_core::model::{Role, Schema, flow::Offline};

/// Number, command, states it leads from, state it leads to (empty where it stays), who, offline, levels.
type Line = (u8, &'static str, &'static str, &'static str, &'static str, Offline, &'static str);

use Offline::{No, Provisional, Queued};

const UNDER_WAY: &str = "dispatched received in_progress suspended rework";
const ANY_UNIT: &str = "DP GW GL TC CC";

const TABLE: &[Line] = &[
    (2, "submit", "draft", "reported", "GW PG GL RS", Queued, ""),
    (3, "settle", "draft", "self_handled", "GW GL", Provisional, "3 4"),
    (3, "spot_ok", "self_handled", "closed", "GL", Queued, ""),
    (3, "spot_fail", "self_handled", "reported", "GL", Queued, ""),
    (4, "submit", "returned", "reported", "GW PG GL RS", Queued, ""),
    (4, "accept", "reported reopened", "accepted", "GL", No, "4"),
    (4, "accept", "reported reopened", "accepted", "TC CC", No, ""),
    (4, "send_back", "reported", "returned", "GL", No, "4"),
    (4, "send_back", "reported", "returned", "TC CC", No, ""),
    (4, "merge_case", "reported", "merged", "GL", No, "4"),
    (4, "merge_case", "reported", "merged", "TC CC", No, ""),
    (4, "split_case", "merged", "reported", "TC CC", No, ""),
    (5, "dispatch", "accepted", "dispatched", "TC CC", No, ""),
    (5, "add_helper", "dispatched received objected in_progress suspended rework", "", "TC CC", No, ""),
    (5, "order_fix", UNDER_WAY, "", "DP GL TC CC", No, ""),
    (5, "order_fix", UNDER_WAY, "", "TC CC", No, ""),
    (6, "sign_in", "dispatched", "received", ANY_UNIT, Queued, ""),
    (7, "object", "dispatched received", "objected", ANY_UNIT, No, ""),
    (7, "decide_objection", "objected", "dispatched", "TC CC", No, ""),
    (8, "start", "received", "in_progress", ANY_UNIT, Queued, ""),
    (9, "ask_suspend", "in_progress", "", ANY_UNIT, No, ""),
    (9, "suspend", "in_progress", "suspended", "GL", No, "4"),
    (9, "suspend", "in_progress", "suspended", "TC", No, "2"),
    (9, "suspend", "in_progress", "suspended", "CC", No, "1"),
    (9, "suspend", "in_progress", "suspended", "CC", No, "3"),
    (9, "refuse_suspend", "in_progress", "", "GL", No, "4"),
    (9, "refuse_suspend", "in_progress", "", "TC", No, "2"),
    (9, "refuse_suspend", "in_progress", "", "CC", No, "1 3"),
    (9, "resume", "suspended", "in_progress", ANY_UNIT, Queued, ""),
    (9, "resume", "suspended", "in_progress", "TC CC", Queued, ""),
    (9, "ask_extend", "received in_progress rework", "", ANY_UNIT, No, ""),
    (9, "extend", "received in_progress rework", "", "GL", No, "4"),
    (9, "extend", "received in_progress rework", "", "TC", No, "2"),
    (9, "extend", "received in_progress rework", "", "CC", No, "1"),
    (9, "extend", "received in_progress rework", "", "CC", No, "3"),
    (9, "refuse_extend", "received in_progress rework", "", "GL", No, "4"),
    (9, "refuse_extend", "received in_progress rework", "", "TC", No, "2"),
    (9, "refuse_extend", "received in_progress rework", "", "CC", No, "1 3"),
    (10, "escalate", "@open", "escalated", "GL TC", Queued, ""),
    (10, "escalate", "escalated", "escalated", "TC", Queued, ""),
    (10, "accept", "escalated", "accepted", "TC CC", No, ""),
    (11, "whistle", "@open escalated", "whistled", "TC", No, ""),
    (11, "respond", "whistled", "", "DP", Queued, ""),
    (11, "arrive", "whistled", "", "DP", Queued, ""),
    (11, "unit_result", "whistled", "", "DP", Queued, ""),
    (11, "conclude", "whistled", "feedback", "TC", No, ""),
    (11, "dispatch", "whistled", "dispatched", "TC CC", No, ""),
    (12, "feedback", "in_progress", "feedback", ANY_UNIT, Queued, ""),
    (13, "verify_ok", "feedback", "closed", "TC CC", No, ""),
    (13, "verify_ok", "feedback", "closed", "GL", No, "3 4"),
    (13, "verify_ok", "feedback", "closed", "GW PG RS", No, "3 4"),
    (13, "verify_fail", "feedback", "rework", "TC CC", No, ""),
    (13, "verify_fail", "feedback", "rework", "GL", No, "3 4"),
    (13, "verify_fail", "feedback", "rework", "GW PG RS", No, "3 4"),
    (13, "start", "rework", "in_progress", ANY_UNIT, Queued, ""),
    (14, "rate", "closed", "rated", "RS TC CC", No, ""),
    (14, "rate_unit", "closed rated", "", "GL TC", No, ""),
    (15, "reopen", "closed rated", "reopened", "RS GL TC", No, ""),
    (15, "seen_again", "closed rated", "reopened", "RS GL TC", No, ""),
    (16, "void", "reported accepted", "voided", "TC", No, ""),
    (17, "ask_consent", "accepted", "consent_wait", "MD", No, ""),
    (17, "mediate", "consent_wait", "mediating", "MD", No, ""),
    (17, "refuse", "consent_wait mediating", "withdrawn", "MD", No, ""),
    (17, "withdraw", "consent_wait mediating", "withdrawn", "MD", No, ""),
    (17, "agree_written", "mediating", "agreed", "MD", No, ""),
    (17, "agree_oral", "mediating", "agreed", "MD", No, ""),
    (17, "fail", "mediating", "failed", "MD", No, ""),
    (17, "other_way", "consent_wait mediating", "failed", "MD", No, ""),
    (17, "to_police", "consent_wait mediating", "failed", "MD", No, ""),
    (17, "perform", "agreed", "performing", "MD", No, ""),
    (17, "fulfil", "performing", "closed", "MD", No, ""),
    (17, "breach", "performing", "failed", "MD", No, ""),
    (17, "close_dispute", "failed withdrawn", "closed", "MD", No, ""),
];

#[test]
fn the_table_of_events_says_what_the_domain_says() {
    let (flow, _) = Schema::built_in().flows.find(&"event".into(), "submit").unwrap();
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all.join(" ")
    };
    let words = |text: &str| sorted(text.split_whitespace().map(str::to_owned).collect());
    let mut told: Vec<_> = TABLE
        .iter()
        .map(|(n, command, from, to, who, offline, levels)| {
            format!("{n} {command}: {} → {to} by {} {offline:?} level {}", words(from), words(who), words(levels))
        })
        .collect();
    let mut found: Vec<_> = flow
        .commands
        .iter()
        .flat_map(|command| command.rows.iter().map(move |row| (command, row)))
        .map(|(command, row)| {
            let who = sorted(row.who.iter().map(Role::to_string).collect());
            let levels = row.when.get("level").map(|all| all.join(" ")).unwrap_or_default();
            let (name, to) = (&command.name, row.to.as_deref().unwrap_or_default());
            let from = sorted(row.from.clone());
            format!("{} {name}: {from} → {to} by {who} {:?} level {levels}", row.n, command.offline)
        })
        .collect();
    told.sort();
    found.sort();
    assert_eq!(found, told);
    let open = "reported accepted dispatched received objected in_progress suspended whistled feedback rework \
                reopened consent_wait mediating";
    assert_eq!(sorted(flow.open.clone()), words(open), "row 10 and 11: any open");
}
