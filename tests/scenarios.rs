//! Every scenario file holds, in every way of playing it; and the runner finds what does not hold.

use std::{fs, path::PathBuf};

use wangge_harness::scenario::{Finding, Variant, Verdict, run_file, run_files, run_text};

const SEED: u64 = 20_260_308;

fn files() -> Vec<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(dir).expect("the folder of scenarios");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.sort();
    files
}

fn text(start: &str) -> String {
    let file =
        files().into_iter().find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(start)));
    fs::read_to_string(file.expect("a file of that number")).expect("readable")
}

/// Plays a file as written, but after one change to its text, which must be there to change.
fn changed(start: &str, from: &str, to: &str) -> Verdict {
    changed_in(start, from, to, &[Variant::AsWritten])
}

fn changed_in(start: &str, from: &str, to: &str, variants: &[Variant]) -> Verdict {
    let text = text(start);
    assert!(text.contains(from), "{start} does not hold {from:?}");
    run_text(start, &text.replacen(from, to, 1), SEED, variants)
}

/// Line (from 1) where a text begins in a file.
fn line_of(start: &str, part: &str) -> usize {
    let text = text(start);
    text[..text.find(part).expect("the part")].matches('\n').count() + 1
}

fn only_finding(verdict: &Verdict) -> &Finding {
    assert_eq!(verdict.findings.len(), 1, "{verdict}");
    &verdict.findings[0].1
}

#[test]
fn every_file_holds_in_every_way() {
    let files = files();
    let rows: Vec<u32> =
        (1..=12).chain(14..=22).chain([24, 25, 27, 28, 30, 43, 45]).chain(47..=52).chain([54]).collect();
    for row in rows {
        let start = format!("{row:02}-");
        let named = |file: &PathBuf| file.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&start));
        assert!(files.iter().any(named), "row {row} has no file");
    }
    let verdicts = run_files(&files, SEED);
    let wrong: Vec<_> = verdicts.iter().filter(|verdict| !verdict.holds()).map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "seed {SEED}\n{}", wrong.join("\n"));
    for verdict in verdicts {
        let played: Vec<_> = verdict.played.iter().map(|(variant, _)| *variant).collect();
        assert_eq!(played, Variant::ALL, "{} is not played in every way", verdict.title);
    }
}

#[test]
fn another_seed_changes_nothing() {
    for start in ["02-", "24-care-tag.", "48-"] {
        for seed in [1, 2, u64::MAX] {
            let verdict = run_text(start, &text(start), seed, &[Variant::AsWritten, Variant::Lost]);
            assert!(verdict.holds(), "seed {seed}\n{verdict}");
        }
    }
}

#[test]
fn a_wrong_value_is_found_with_its_line_in_every_way() {
    let verdict = changed_in("02-", "value = \"13800000002\"", "value = \"13900000003\"", &Variant::ALL);
    for variant in Variant::ALL {
        let found: Vec<_> = verdict.findings.iter().filter(|(way, _)| *way == Some(variant)).collect();
        // Both phones and the server.
        assert_eq!(found.len(), 3, "{verdict}");
        assert_eq!(found[0].1.line, Some(line_of("02-", "[[round.expect]]")));
        assert!(found[0].1.zh.contains("应为 13900000003，实为 13800000002"), "{verdict}");
    }
    assert!(verdict.to_string().starts_with("✗ 02 "));
}

#[test]
fn an_unknown_key_is_an_error_with_its_line() {
    for (from, to) in [("contested = false", "contestet = false"), ("[[person]]", "colour = \"red\"\n[[person]]")] {
        let verdict = changed("01-", from, to);
        assert_eq!((verdict.played.len(), verdict.findings.len()), (0, 1));
        let words = &verdict.findings[0].1.en;
        let key = to.split(' ').next().expect("a key");
        assert!(words.contains(&format!("unknown field `{key}`")) && words.contains("line "), "{words}");
    }
}

#[test]
fn a_file_must_say_what_each_way_of_playing_comes_to() {
    let same = "same = [\"authors\", \"order\", \"twice\", \"lost\"]";
    for (from, to, says) in [
        ("\"order\", ", "", "没有写明“倒换同步次序 / syncs in the opposite order”时结果如何"),
        ("\"order\", ", "\"order\", \"order\", ", "写了两遍"),
        ("authors = [[\"甲\", \"乙\"]]", "authors = [[\"甲\", \"丁\"]]", "authors 要写互换的两个人"),
        ("authors = [[\"甲\", \"乙\"]]", "authors = [[\"甲\", \"甲\"]]", "authors 要写互换的两个人"),
        ("authors = [[\"甲\", \"乙\"]]", "", "authors 要写互换的两个人"),
    ] {
        let verdict = changed("01-", from, to);
        let found = only_finding(&verdict);
        assert_eq!((found.line, verdict.played.len()), (Some(line_of("01-", same)), 0), "{verdict}");
        assert!(found.zh.contains(says), "{verdict}");
    }
    for (from, to, says) in [
        ("number = 1", "number = 3", "没有这一轮"),
        ("why = \"快两年", "why = \"\" # ", "另有结果，要写明原因和结果"),
        ("\"order\", ", "\"authors\", \"order\", ", "写了两遍"),
    ] {
        assert!(only_finding(&changed("43-", from, to)).zh.contains(says), "{says}");
    }
}

#[test]
fn an_outcome_of_its_own_is_checked_and_must_differ() {
    let authors = &[Variant::Authors];
    let claimed = "doubtful = [\"13900000003\"]";
    let verdict = changed_in("43-", claimed, "doubtful = []", authors);
    assert!(verdict.findings.iter().all(|(way, _)| *way == Some(Variant::Authors)), "{verdict}");
    let line = line_of("43-", "[[other.authors.round.expect]]");
    assert!(verdict.findings.iter().any(|(_, finding)| finding.line == Some(line)), "{verdict}");
    assert!(verdict.to_string().contains("另有结果：两人互换，快两年的是甲的手机"), "{verdict}");
    let same = "same = [\"authors\", \"order\", \"twice\", \"lost\"]";
    let other = "[other.authors]\nwhy = \"其实一样 / the same\"\nround = [{ number = 1 }]\n[[person]]";
    let text = text("01-").replace(same, "same = [\"order\", \"twice\", \"lost\"]").replacen("[[person]]", other, 1);
    let verdict = run_text("01-", &text, SEED, authors);
    assert!(only_finding(&verdict).zh.contains("其实与照原样时相同"), "{verdict}");
}

#[test]
fn unknown_people_records_fields_and_kinds_are_errors() {
    for (from, to, says) in [
        ("who = \"乙\"", "who = \"丁\"", "没有叫“丁”的人"),
        ("record = \"李红\"", "record = \"李兰\"", "没有叫“李兰”的记录"),
        ("put = { work =", "put = { wrok =", "没有 wrok 这一栏"),
        ("kind = \"resident\"", "kind = \"persona\"", "没有 persona 这类记录"),
        ("2026-03-08 10:00:00", "2026-03-01 08:00:00", "不能回到以前"),
    ] {
        let verdict = changed("01-", from, to);
        assert!(only_finding(&verdict).zh.contains(says), "{verdict}");
    }
}

#[test]
fn an_item_that_the_file_does_not_expect_is_found() {
    let text = text("03-");
    let (from, to) =
        (text.find("  [[round.item]]").expect("an item"), text.find("[[round]]\nwhat = \"网格员").expect("next"));
    let verdict = run_text("03", &(text[..from].to_owned() + &text[to..]), SEED, &[Variant::AsWritten]);
    let found = &verdict.findings;
    assert_eq!(found.len(), 4, "three phones and the server: {verdict}");
    assert!(found.iter().all(|(_, finding)| finding.zh.contains("没有写在文件里的待确认")), "{verdict}");
    let verdict = changed("03-", "between = [\"张玮\", \"张伟\"]", "between = [\"张玮\", \"张炜\"]");
    assert!(verdict.to_string().contains("缺少这条待确认"), "{verdict}");
}

#[test]
fn what_an_author_is_told_is_checked_both_ways() {
    let verdict = changed("02-", "words = [\"13900000003\"", "words = [\"冲突\"");
    assert!(verdict.to_string().contains("应告诉乙"), "{verdict}");
    assert!(verdict.to_string().contains("文件里没有写"), "{verdict}");
}

#[test]
fn a_suggestion_that_is_missing_or_too_many_is_found() {
    let verdict = changed("21-", "category = \"燃气软管老化\"", "category = \"用电隐患\"");
    assert!(verdict.to_string().contains("隐患草稿应为 [301室 electric]，实为 [301室 gas_hose]"), "{verdict}");
}

#[test]
fn what_a_phone_must_not_hold_is_looked_for() {
    let verdict = changed("01-", "  [[round.not_held]]\n  who = \"丙\"", "  [[round.not_held]]\n  who = \"甲\"");
    assert!(only_finding(&verdict).zh.contains("甲的手机里有不该有的内容"), "{verdict}");
    let verdict =
        changed("27-two-visits", "who = \"丙\"\n  record = \"上午入户\"", "who = \"甲\"\n  record = \"上午入户\"");
    assert!(only_finding(&verdict).zh.contains("甲的手机里有不该有的内容"), "{verdict}");
}

#[test]
fn a_refusal_at_the_phone_is_checked_both_ways() {
    let verdict = changed("03-", "  refused = { rule = \"decide\" }\n", "");
    assert!(only_finding(&verdict).zh.contains("乙写不进去"), "{verdict}");
    let verdict = changed("03-", "refused = { rule = \"decide\" }", "refused = { rule = \"role\" }");
    assert!(verdict.to_string().contains("手机应以 role 提示"), "{verdict}");
    let allowed = "put = { phone = \"13800000002\" }";
    let verdict = changed("01-", allowed, &format!("{allowed}\n  refused = {{ rule = \"role\" }}"));
    assert!(only_finding(&verdict).zh.contains("却写进去了"), "{verdict}");
    let verdict = changed("04-", "rule = \"id_check_digit\"", "rule = \"id_date\"");
    assert!(verdict.to_string().contains("手机应以 id_date 提示"), "{verdict}");
}

#[test]
fn counts_are_checked() {
    let verdict = changed("27-two-visits", "visited_persons = 1", "visited_persons = 2");
    assert!(verdict.to_string().contains("2026-03 探访应为 2 人，实为 1 人"), "{verdict}");
    let verdict = changed("52-", "records = 2", "records = 1");
    assert!(verdict.to_string().contains("resident 应有 1 条，实有 2 条"), "{verdict}");
}

#[test]
fn members_logs_sources_and_doubt_are_checked() {
    for (start, from, to, says) in [
        ("24-care-tag.", "ended = [\"独居老人\"]", "ended = []", "已结束应为 []，实为 [独居老人]"),
        ("51-", "members = [\"13700000001\"]", "members = []", "在列应为 []"),
        ("50-", "source = \"registry\"\n  contested", "source = \"self\"\n  contested", "来源应为 本人述，实为 部门库"),
        ("54-", "doubtful = [\"13800000002\"]", "doubtful = []", "时间存疑的应为 []"),
        ("48-", "\"张伟\", \"张薇\"]", "\"张伟\"]", "保留的说法应为"),
        ("17-", "provisional = false", "provisional = true", "暂用应为 是，实为 否"),
        ("52-", "history = [\"李红\"]", "history = [\"李兰\"]", "历史中应为 [李兰]"),
        ("52-", "empty = true", "value = \"县医院\"", "实为 （空）"),
    ] {
        let verdict = changed(start, from, to);
        assert!(verdict.to_string().contains(says), "{verdict}");
    }
}

/// Keys that no file of the list needs, and what the county does not take.
const OFF_THE_GRID: &str = r#"
row = 0
title = "甲离开一号网格 / A leaves grid one"
county_expects = "此后写的待审，手机里只剩自己待审的 / later work waits for a person"
same = ["order", "twice", "lost"]
authors = [["甲", "乙"]]
[[person]]
name = "甲"
role = "GW"
grids = ["一号网格", "二号网格"]
[[person]]
name = "乙"
role = "GW"
[[person]]
name = "丙"
role = "GW"
[[before]]
who = "甲"
at = 2026-03-01 09:00:00
new = "301室"
kind = "dwelling"
put = { address = "西王村1号楼301室", rooms = 3, smoke_alarm = true }
[[before]]
who = "甲"
at = 2026-03-01 09:05:00
new = "王家"
kind = "household"
grid = "一号网格"
put = { dwelling = "301室", contact_phone = "13800000002" }
append = { notes = "白天无人" }
[[round]]
sync = ["乙", "甲"]
  [[round.act]]
  who = "甲"
  at = 2026-03-02 10:00:00
  new = "入户"
  kind = "visit"
  put = { kind = "日常", mode = "入户", when = 2026-03-02 10:00:00, target = "301室" }
  [[round.act]]
  who = "甲"
  at = 2026-03-02 10:10:00
  record = "301室"
  clear = ["rooms"]
  visit = "入户"
  [[round.act]]
  who = "乙"
  at = 2026-03-02 09:00:00
  record = "王家"
  append = { notes = "晚上七点后在家" }
  [[round.expect]]
  record = "301室"
  field = "rooms"
  empty = true
  history = [3]
  [[round.expect]]
  on = ["丙"]
  record = "301室"
  field = "rooms"
  value = 3
  [[round.expect]]
  record = "王家"
  field = "notes"
  log = ["白天无人", "晚上七点后在家"]
[[round]]
sync = ["甲", "乙"]
  [[round.act]]
  who = "甲"
  at = 2026-03-03 10:00:00
  record = "301室"
  put = { rooms = 4 }
  [[round.county]]
  at = 2026-03-03 08:00:00
  unassign = "甲"
  grid = "一号网格"
  [[round.refused]]
  who = "甲"
  record = "301室"
  rule = "scope"
  review = true
  [[round.not_held]]
  who = "甲"
  record = "王家"
  [[round.expect]]
  on = ["乙", "server"]
  record = "301室"
  field = "rooms"
  empty = true
[other.authors]
why = "离开网格的仍是甲，乙写的照收 / it is still A who leaves; B's work is taken"
  [[other.authors.round]]
  number = 2
  refused = []
    [[other.authors.round.expect]]
    on = ["乙", "server"]
    record = "301室"
    field = "rooms"
    value = 4
"#;

#[test]
fn how_a_record_stood_is_checked() {
    for (from, to, says) in [
        (
            "as_seen = 2026-03-08 12:00:00\n  value = \"张玮\"",
            "as_seen = 2026-03-08 09:00:00\n  value = \"张玮\"",
            "现行值应为 张玮，实为 张炜",
        ),
        (
            "as_known = 2026-03-10 12:00:00\n  value = \"张炜\"",
            "as_known = 2026-03-12 12:00:00\n  value = \"张炜\"",
            "现行值应为 张炜，实为 张玮",
        ),
    ] {
        let verdict = changed("03-", from, to);
        let line = line_of("03-", from) - 3;
        assert!(verdict.findings.iter().any(|(_, finding)| finding.line == Some(line)), "{verdict}");
        assert!(verdict.to_string().contains(says), "{verdict}");
    }
}

#[test]
fn an_answer_must_fit_one_item() {
    for (from, to, says) in [
        ("answer = { rule = \"contested\"", "answer = { rule = \"lower_asked\"", "网格长那里有 0 条这样的待确认"),
        ("choose = \"张玮\" }", "choose = \"张炜\" }", "待确认中没有 \"张炜\""),
        ("choose = \"张玮\" }", "choose = \"张玮\", next_time = true }", "answer 只写一种回答"),
    ] {
        let verdict = changed("03-", from, to);
        assert!(only_finding(&verdict).zh.contains(says), "{verdict}");
        assert_eq!(only_finding(&verdict).line, Some(line_of("03-", "who = \"网格长\"\n  at") - 1), "{verdict}");
    }
}

#[test]
fn what_is_shown_while_typing_is_checked() {
    let typed = "who = \"乙\"\n  at = 2026-03-08 10:00:00\n  new = \"也是李红\"\n  kind = \"resident\"\n  \
                 put = { name = \"李虹\", phone = \"13700000001\" }\n  unsaved = true\n  likely = ";
    for (likely, holds) in [("[\"李红\"]", true), ("[]", false)] {
        let act = format!("[[round.act]]\n  {typed}{likely}\n\n  [[round.act]]\n  who = \"乙\"");
        let verdict = changed("01-", "[[round.act]]\n  who = \"乙\"", &act);
        assert_eq!(verdict.holds(), holds, "{verdict}");
        assert!(holds || only_finding(&verdict).zh.contains("填写时应提示可能已有 []，实为 [李红]"), "{verdict}");
    }
}

#[test]
fn records_that_are_said_to_be_one_are_compared() {
    let same = "[[round.same]]\n  records = [\"东屋的李红\", \"西屋的李红\"]\n";
    for (apart, holds) in [("  apart = true\n", true), ("", false)] {
        let verdict = changed("52-", "[[round.count]]", &format!("{same}{apart}\n  [[round.count]]"));
        assert_eq!(verdict.holds(), holds, "{verdict}");
        assert!(holds || verdict.to_string().contains("应是 1 条，实为 2 条"), "{verdict}");
    }
}

/// Each expectation of an act, a command, a merge, a day or an item between records finds what is otherwise, with its line.
#[test]
fn what_is_otherwise_is_found_with_its_line() {
    for (start, from, to, at, says) in [
        ("22-", "steps = [[\"甲\"]]", "steps = [[\"乙\"]]", "[[round.course]]", "3号楼已做应为"),
        ("22-", "steps = [[\"甲\"]]", "steps = []", "[[round.course]]", "3号楼已做应为 []"),
        ("22-", "steps = [[\"甲\"]]", "pending = [[\"甲\"]]", "[[round.course]]", "3号楼待县里答复应为"),
        ("22-", "steps = [[\"甲\"]]", "notes = [[\"甲\"]]", "[[round.course]]", "3号楼未办成应为"),
        ("22-", "steps = [[\"甲\"]]", "provisional = \"已拆除\"", "[[round.course]]", "应暂显示为“已拆除”，实为“”"),
        (
            "08-",
            "records = [\"李红一\", \"李红二\"]",
            "records = [\"李红一\", \"李红二\"]\n  apart = true",
            "[[round.same]]",
            "应是 2 条，实为 1 条",
        ),
        ("27-one-tap", "tasks = [\"visit\"]", "tasks = []", "[[round.day]]", "101室当天应有 []，实为 [\"visit\"]"),
        ("27-one-tap", "words = [\"孙桂兰\"]", "words = [\"李红\"]", "[[round.day]]", "孙桂兰"),
        ("16-", "others = [\"王小宝\"]", "others = [\"王五\"]", "[[round.item]]", "缺少这条待确认"),
        (
            "16-",
            "rule = \"newborn_pair\"\n  words",
            "rule = \"same_person\"\n  words",
            "[[round.item]]",
            "缺少这条待确认",
        ),
        (
            "45-",
            "code = \"路灯不亮\"\n  records = 0",
            "code = \"路灯不亮\"\n  records = 1",
            "[[round.count]]\n  kind = \"event\"\n  field = \"category\"\n  code = \"路灯不亮\"",
            "event 应有 1 条，实有 0 条",
        ),
        (
            "45-",
            "rule = \"code_retired\"",
            "rule = \"code\"",
            "[[round.act]]\n  who = \"乙\"\n  at = 2026-03-09 10:00",
            "手机应以 code 提示",
        ),
        ("bad-over", "also = [\"range\"]", "also = [\"role\"]", "[[round.act]]", "手机应以 length、role 提示"),
        ("28-", "refused = [\"专职网格员\"]", "refused = [\"儿童主任\"]", "[[round.county]]", "甲在县里办不成"),
        (
            "28-",
            "  command = \"reopen\"\n",
            "  command = \"reopen\"\n  refused = []\n",
            "[[round.county]]\n  at = 2026-03-10 10:00:00",
            "县里本应拒绝，却办了",
        ),
        (
            "14-",
            "  [[round.not_held]]\n  who = \"甲\"",
            "  [[round.not_held]]\n  who = \"儿童主任\"",
            "[[round.not_held]]\n  who = \"甲\"",
            "儿童主任的手机里有不该有的内容",
        ),
        (
            "07-one",
            "undo = true",
            "unmerge = true\n  refused = { rule = \"role\" }",
            "[[round.act]]\n  who = \"乙\"\n  at = 2026-03-11",
            "以 role",
        ),
    ] {
        let verdict = changed(start, from, to);
        let line = Some(line_of(start, at));
        let found = verdict.findings.iter().any(|(_, one)| one.line == line && one.zh.contains(says));
        assert!(found, "{start} {to:?}: no line {line:?} with {says}\n{verdict}");
    }
}

#[test]
fn what_waits_on_a_phone_is_counted() {
    let verdict = changed("bad-newer-schema", "changes = 1", "changes = 2");
    let found: Vec<_> = verdict.findings.iter().map(|(_, finding)| (finding.line, finding.zh.as_str())).collect();
    let line = Some(line_of("bad-newer-schema", "[[round.held]]"));
    assert_eq!(found[0], (line, "甲的手机应暂存李红的改动 2 条，实有 1 条"), "{verdict}");
    assert!(found[1].1.contains("同步后仍有待上传"), "{verdict}");
    let verdict = changed("bad-newer-schema", "without = [\"resident.comm_needs\"]", "without = [\"resident.needs\"]");
    assert!(only_finding(&verdict).zh.contains("字典里没有 resident.needs"), "{verdict}");
    let verdict = changed("bad-newer-schema", "server = \"旧版\"", "server = \"老版\"");
    assert!(only_finding(&verdict).zh.contains("没有叫“老版”的字典"), "{verdict}");
}

#[test]
fn what_the_county_does_not_take_is_expected_by_name() {
    let verdict = run_text("off", OFF_THE_GRID, SEED, &Variant::ALL);
    assert!(verdict.holds(), "{verdict}");
    let without = OFF_THE_GRID.replace("rule = \"scope\"", "rule = \"role\"");
    let verdict = run_text("off", &without, SEED, &[Variant::AsWritten]);
    assert!(verdict.to_string().contains("没有被退回") && verdict.to_string().contains("被待审：scope"), "{verdict}");
}

#[test]
fn the_example_of_the_guide_holds() {
    let guide = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the guide");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let verdict = run_text("README.md", example, SEED, &Variant::ALL);
    assert!(verdict.holds(), "{verdict}");
}

#[test]
fn a_missing_file_is_said() {
    let verdict = run_file(&PathBuf::from("nowhere.toml"), SEED);
    assert!(!verdict.holds() && verdict.to_string().contains("打不开"), "{verdict}");
}
