//! What people should know or look at: items 待确认, words for authors whose claim lost by rule, hazards suggested.

use sha2::{Digest, Sha256};

use super::{
    claims::Column,
    rules::{self, Verdict, View},
    types::{Attention, Suggestion, Told},
    validity,
    wording::{Words, day_en, day_zh, roles_en, roles_zh, when_en, when_zh},
};
use crate::model::{ChangeHash, DocId, Observation, Rule, Value};

/// The items of one key; at most one of each rule.
pub(super) fn items(column: &Column<'_>, doc: DocId, view: &View, verdict: &Verdict<'_>) -> Vec<Attention> {
    let rules: [(&str, Finder); 3] =
        [("contested", contested), ("confirmed_other", confirmed_other), ("lower_asked", lower_asked)];
    let found = rules.into_iter().filter_map(|(rule, find)| Some((rule, find(column, view, verdict)?)));
    found.map(|(rule, found)| item(column, doc, (view, verdict), rule, found)).collect()
}

/// The claims of an item and its sentence in both languages.
type Found = (Vec<usize>, String, String);
type Finder = fn(&Column<'_>, &View, &Verdict<'_>) -> Option<Found>;

fn item(
    column: &Column<'_>,
    doc: DocId,
    (view, verdict): (&View, &Verdict<'_>),
    rule: &str,
    (nodes, zh, en): Found,
) -> Attention {
    let changes = nodes.iter().map(|node| column.observation(*node).body.hash).collect();
    // Those who confirmed one of the values are shown beside it; the item stays the same item.
    let supports = |n: &usize| column.nodes[*n].soft() && nodes.iter().any(|node| column.same(*node, *n));
    let support = view.live.iter().copied().filter(|n| !nodes.contains(n) && supports(n));
    let claims =
        nodes.iter().copied().chain(sorted(column, support.collect())).map(|node| column.claim(node)).collect();
    Attention {
        id: name_of(rule, column.key, doc, changes),
        rule: rule.to_owned(),
        doc,
        kind: column.frame.kind.name.clone(),
        field: column.field.key.clone(),
        in_force: verdict.value.clone(),
        claims,
        zh,
        en,
    }
}

/// The name of an item: its rule, key, record and changes, so that everybody gives it the same.
pub(super) fn name_of(rule: &str, key: &str, doc: DocId, mut changes: Vec<ChangeHash>) -> [u8; 16] {
    changes.sort_unstable();
    let mut hash = Sha256::new();
    for text in [rule, key] {
        hash.update([text.len() as u8]);
        hash.update(text.as_bytes());
    }
    hash.update(doc.record.0);
    for change in changes {
        hash.update(change.0);
    }
    let digest = hash.finalize();
    std::array::from_fn(|at| digest[at])
}

fn words<'a>(column: &Column<'a>) -> (Words<'a>, Words<'a>) {
    Words::both(column.frame.schema, column.field)
}

/// The strongest claims first.
fn sorted(column: &Column<'_>, mut nodes: Vec<usize>) -> Vec<usize> {
    nodes.sort_by(|a, b| rules::stronger(column, *b, *a));
    nodes
}

/// Two values between which a person has to choose.
fn contested(column: &Column<'_>, _view: &View, verdict: &Verdict<'_>) -> Option<Found> {
    if verdict.contested.is_empty() {
        return None;
    }
    let nodes = sorted(column, verdict.contested.clone());
    let mut voices: Vec<usize> = Vec::new();
    for node in &nodes {
        if !voices.iter().any(|voice| column.same(*voice, *node)) {
            voices.push(*node);
        }
    }
    let (zh, en) = words(column);
    let decided = voices.iter().filter(|node| column.nodes[**node].decision).count() > 1;
    let said_zh: Vec<_> = voices.iter().map(|node| voice_zh(column, *node, zh)).collect();
    let said_en: Vec<_> = voices.iter().map(|node| voice_en(column, *node, en)).collect();
    let (kind_zh, kind_en) =
        if decided { ("个不同的决定", "different decisions") } else { ("种说法", "values") };
    let (ask_zh, ask_en) = if column.field.decide.is_empty() {
        ("请下次见面时确认".to_owned(), "please ask at the next visit".to_owned())
    } else {
        let roles = &column.field.decide;
        (format!("请核实后由{}确认", roles_zh(roles)), format!("{} decides after checking", roles_en(roles)))
    };
    let (now_zh, now_en) = if verdict.provisional {
        ("目前暂时显示", "shown for the time being")
    } else {
        ("目前仍用", "still in force")
    };
    Some((
        nodes,
        format!(
            "{}有{}{kind_zh}：{}；都已保留，{now_zh}{}，{ask_zh}。",
            zh.label(),
            voices.len(),
            said_zh.join("，"),
            zh.value(verdict.value)
        ),
        format!(
            "{} has {} {kind_en}: {}; all are kept, {now_en}: {}; {ask_en}.",
            en.label(),
            voices.len(),
            said_en.join(", "),
            en.value(verdict.value)
        ),
    ))
}

fn voice_zh(column: &Column<'_>, node: usize, words: Words<'_>) -> String {
    let (claim, change) = (&column.nodes[node], column.observation(node));
    format!("{}在{}记为{}（{}）", change.author, day_zh(change.at), words.value(claim.value), claim.source.zh())
}
fn voice_en(column: &Column<'_>, node: usize, words: Words<'_>) -> String {
    let (claim, change) = (&column.nodes[node], column.observation(node));
    format!("{} by {} on {} ({})", words.value(claim.value), change.author, day_en(change.at), claim.source.en())
}

/// Somebody confirmed another value later than the one in force was seen, without having seen that one.
fn confirmed_other(column: &Column<'_>, view: &View, verdict: &Verdict<'_>) -> Option<Found> {
    let backing = verdict.backing.filter(|_| verdict.contested.is_empty())?;
    let at = |node: usize| (column.observation(node).at, column.observation(node).body.hash);
    let in_force = |put: &usize| column.same(*put, backing) && !column.nodes[*put].soft();
    // The put that the confirmation had not seen.
    let missed = |confirmation: usize| {
        let unseen = |put: &usize| !column.saw(confirmation, *put);
        view.standing.iter().copied().filter(in_force).filter(unseen).max_by_key(|put| at(*put))
    };
    let later = |n: &usize| missed(*n).is_some_and(|put| column.observation(*n).at > column.observation(put).at);
    let asks: Vec<usize> = view.beaten.iter().copied().filter(|n| !column.same(*n, backing) && later(n)).collect();
    let asks = sorted(column, asks);
    let latest = *asks.iter().max_by_key(|n| at(**n))?;
    let put = missed(latest)?;
    let (zh, en) = words(column);
    let (first, second) = (column.observation(put), column.observation(latest));
    let (new, old) = (column.nodes[put].value, column.nodes[latest].value);
    let zh = format!(
        "{}在{}把{}记为{}，{}在{}确认为{}，当时还没看到前一条；目前用{}，两种说法都已保留，请下次见面时再问一次。",
        first.author,
        when_zh(first),
        zh.label(),
        zh.value(new),
        second.author,
        when_zh(second),
        zh.value(old),
        zh.value(new)
    );
    let en = format!(
        "{} recorded {} as {} ({}); {} confirmed {} ({}) without having seen that; {} is in force, both are kept, \
         please ask again at the next visit.",
        first.author,
        en.label(),
        en.value(new),
        when_en(first),
        second.author,
        en.value(old),
        when_en(second),
        en.value(new)
    );
    let mut nodes = vec![put];
    nodes.extend(asks);
    Some((nodes, zh, en))
}

/// Somebody asks for a less safe value than the one in force: because he may not lower it, or because he saw it later.
fn lower_asked(column: &Column<'_>, view: &View, verdict: &Verdict<'_>) -> Option<Found> {
    let backing = verdict.backing.filter(|_| column.field.rule == Rule::Safer && verdict.contested.is_empty())?;
    let rank = column.nodes[backing].weight;
    let in_force = view.standing.iter().filter(|n| column.same(**n, backing));
    let seen_at = in_force.map(|n| column.observation(*n).at).max()?;
    let asks = |node: &usize| {
        let (claim, change) = (&column.nodes[*node], column.observation(*node));
        let may = column.field.lower.contains(&change.role);
        let knew = || {
            let mut view = View::default();
            column.look(column.frame.ancestry.before(claim.change), &mut view);
            rules::judge(column, &view).backing
        };
        let below = || knew().is_some_and(|known| column.nodes[known].weight > claim.weight);
        claim.put && claim.weight < rank && (change.at >= seen_at || !may && below())
    };
    let asks = sorted(column, view.standing.iter().copied().filter(asks).collect());
    let ask = *asks.first()?;
    let (zh, en) = words(column);
    let (change, value) = (column.observation(ask), column.nodes[ask].value);
    let roles = &column.field.lower;
    let zh = format!(
        "{}在{}把{}记为{}；为安全起见目前仍为{}，请{}核实后决定是否改为{}。",
        change.author,
        day_zh(change.at),
        zh.label(),
        zh.value(value),
        zh.value(verdict.value),
        roles_zh(roles),
        zh.value(value)
    );
    let en = format!(
        "{} recorded {} as {} on {}; to be safe it stays {} until {} has checked whether to change it.",
        change.author,
        en.label(),
        en.value(value),
        day_en(change.at),
        en.value(verdict.value),
        roles_en(roles)
    );
    let mut nodes = vec![backing];
    nodes.extend(asks);
    Some((nodes, zh, en))
}

/// Why a claim lost.
enum Why {
    Absorbed,
    Outranked,
    Invalid(String, String),
    Source,
    Time,
    Safer,
    Sharper,
    First,
}

/// Puts that lost by rule, other than to a later observation of the same standing in harmless fields.
pub(super) fn told(column: &Column<'_>, view: &View, verdict: &Verdict<'_>) -> Vec<Told> {
    let lost = |node: &usize| {
        column.nodes[*node].put && !column.says(*node, verdict.value) && !verdict.contested.contains(node)
    };
    let told = view.live.iter().filter(|node| lost(node)).filter_map(|node| {
        let why = why(column, view, verdict, *node)?;
        let (zh, en) = sentence(column, verdict, *node, why);
        Some(Told { claim: column.claim(*node), zh, en })
    });
    told.collect()
}

fn why(column: &Column<'_>, view: &View, verdict: &Verdict<'_>, node: usize) -> Option<Why> {
    let (claim, field) = (&column.nodes[node], column.field);
    if view.absorbed.contains(&node) {
        return Some(Why::Absorbed);
    }
    if view.outranked.contains(&node) {
        return Some(Why::Outranked);
    }
    let winner = verdict.backing.map(|backing| &column.nodes[backing]);
    let source =
        winner.map(|winner| winner.source).or_else(|| verdict.contested.iter().map(|n| column.nodes[*n].source).max());
    match field.rule {
        Rule::Immutable => Some(Why::First),
        Rule::Safer => Some(Why::Safer),
        Rule::Sharper => Some(Why::Sharper),
        Rule::Authority => Some(match validity::fault(field, claim.value) {
            Some((zh, en)) => Why::Invalid(zh, en),
            None if source.is_some_and(|best| best > claim.source) => Why::Source,
            None => Why::Time,
        }),
        _ => None,
    }
}

fn sentence(column: &Column<'_>, verdict: &Verdict<'_>, node: usize, why: Why) -> (String, String) {
    let (zh, en) = words(column);
    let (claim, change) = (&column.nodes[node], column.observation(node));
    let decider = column.decisions.iter().rev().find_map(|decision| decision.by(column, verdict.value));
    let (because_zh, because_en) = because(column, claim.source.zh(), claim.source.en(), decider, why);
    let said_zh = zh.value(claim.value);
    let said_en = en.value(claim.value);
    (
        format!(
            "{}在{}记的{}{said_zh}已保留；目前用{}，{because_zh}。",
            change.author,
            day_zh(change.at),
            zh.label(),
            zh.value(verdict.value)
        ),
        format!(
            "{} {said_en}, recorded by {} on {}, is kept; {} is in force, {because_en}.",
            en.label(),
            change.author,
            day_en(change.at),
            en.value(verdict.value)
        ),
    )
}

fn because(
    column: &Column<'_>,
    source_zh: &str,
    source_en: &str,
    decider: Option<&Observation>,
    why: Why,
) -> (String, String) {
    match why {
        Why::Absorbed | Why::Outranked => {
            let who_zh = decider.map_or_else(String::new, |by| format!("{}{}", by.role.zh(), by.author));
            let who_en = decider.map_or_else(String::new, |by| format!(" by {} {}", by.role.en(), by.author));
            (format!("已由{who_zh}核实决定"), format!("as decided after checking{who_en}"))
        }
        Why::Invalid(zh, en) => (format!("因为{zh}"), format!("because {en}")),
        Why::Source => {
            (format!("因为它的依据比{source_zh}更可靠"), format!("because its evidence is better than {source_en}"))
        }
        Why::Time => ("因为它是后来看到的".to_owned(), "because it was seen later".to_owned()),
        Why::Safer => {
            let roles = &column.field.lower;
            let (zh, en) = (roles_zh(roles), roles_en(roles));
            (
                format!("按安全优先，{zh}核实后才能更改"),
                format!("the safer value, until {en} has checked and changes it"),
            )
        }
        Why::Sharper => ("因为它的定位更准".to_owned(), "because it was measured more closely".to_owned()),
        Why::First => ("此项登记后不再更改".to_owned(), "since this is fixed once it is recorded".to_owned()),
    }
}

/// The hazard that a value in force suggests.
pub(super) fn suggestion(words: (Words<'_>, Words<'_>), value: &Value) -> Option<Suggestion> {
    let (zh, en) = words;
    let (field, schema) = (zh.field(), zh.schema());
    let suggests = field.suggests.as_ref()?;
    if value.is_null() || schema.rank(field, value) < suggests.from_rank {
        return None;
    }
    let code = schema.lists.get("hazard").and_then(|list| list.get(&suggests.category));
    let (name_zh, name_en) =
        code.map_or((suggests.category.as_str(), suggests.category.as_str()), |code| (&code.zh, &code.en));
    Some(Suggestion {
        field: field.key.clone(),
        category: suggests.category.clone(),
        zh: format!("{}为{}，建议上报隐患“{name_zh}”。", zh.label(), zh.value(value)),
        en: format!("{} is {}: report the hazard \"{name_en}\"?", en.label(), en.value(value)),
    })
}
