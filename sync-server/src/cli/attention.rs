//! `attention`: what waits for a person in the whole county, and records that may be one.

use clap::Args;
use serde_json::json;
use wangge_core::model::{RecordId, Scope};

use super::{Place, print_json};
use crate::{
    County, CountyError,
    county::{CountyItem, Pair},
};

/// What `attention` is told.
#[derive(Args, Debug)]
pub struct Attention {
    /// 只看这个区划或网格（编码开头几位） / only of this region or grid (the first digits of its code)
    #[arg(long, value_name = "CODE")]
    grid: Option<String>,
}

/// A pair of an import with the names and grids of its records.
struct Named {
    pair: Pair,
    titles: [String; 2],
    grids: Vec<Scope>,
}

impl Attention {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        let mut items = county.attention()?;
        items.retain(|item| self.concerns(&item.grids));
        let mut pairs = Vec::new();
        for pair in county.pairs()? {
            let named = name(&county, pair)?;
            if self.concerns(&named.grids) {
                pairs.push(named);
            }
        }
        if place.json {
            let pairs: Vec<_> = pairs.iter().map(pair_json).collect();
            print_json(&json!({ "items": items, "pairs": pairs }));
        } else {
            text(&county, &items, &pairs);
        }
        Ok(())
    }

    fn concerns(&self, grids: &[Scope]) -> bool {
        self.grid.as_ref().is_none_or(|code| grids.iter().any(|grid| grid.0.starts_with(code.as_str())))
    }
}

fn name(county: &County, pair: Pair) -> Result<Named, CountyError> {
    let title = |record: &RecordId| county.title(record);
    let mut grids = Vec::new();
    for record in [&pair.a, &pair.b] {
        grids.extend(county.resolve_record(record)?.scopes);
    }
    grids.sort();
    grids.dedup();
    Ok(Named { titles: [title(&pair.a)?, title(&pair.b)?], grids, pair })
}

fn pair_json(named: &Named) -> serde_json::Value {
    let Named { pair, titles, grids } = named;
    json!({
        "a": pair.a, "b": pair.b, "titles": titles, "grids": grids,
        "rule": pair.reason.rule, "zh": pair.reason.zh, "en": pair.reason.en,
    })
}

fn text(county: &County, items: &[CountyItem], pairs: &[Named]) {
    say!("待确认 / waiting for a person: {}", items.len());
    for item in items {
        let kind = county.schema().kinds.get(&item.kind).map_or(item.kind.0.as_str(), |kind| kind.zh.as_str());
        let grids: Vec<_> = item.grids.iter().map(|grid| grid.0.as_str()).collect();
        let apart = if item.across_grids { "（跨网格 / across grids）" } else { "" };
        say!("- {}{apart}", item.zh);
        say!("  {}", item.en);
        say!("  {kind} {} · {} · {}", item.title, item.rule, grids.join(" "));
    }
    say!("导入时发现的疑似重复 / likely duplicates found by imports: {}", pairs.len());
    for Named { pair, titles: [a, b], grids } in pairs {
        let grids: Vec<_> = grids.iter().map(|grid| grid.0.as_str()).collect();
        say!("- {a} · {b}：{}", pair.reason.zh);
        say!("  {a} · {b}: {}", pair.reason.en);
        say!("  {} {} · {}", pair.a, pair.b, grids.join(" "));
    }
}
