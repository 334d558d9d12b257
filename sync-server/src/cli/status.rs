//! `status`: what the county holds, which phones are in use, what waits for a person.

use clap::Args;
use serde_json::json;
use wangge_core::model::Millis;

use super::{Place, print_json};
use crate::{County, CountyError, serve::clock};

/// What `status` is told.
#[derive(Args, Debug)]
pub struct Status {
    /// 同时列出每个同步单元 / list every bucket as well
    #[arg(long)]
    buckets: bool,
}

impl Status {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        if place.json { self.json(&county) } else { self.text(&county) }
    }

    fn json(&self, county: &County) -> Result<(), CountyError> {
        let totals = county.totals()?;
        let devices: Vec<_> = county
            .devices()?
            .into_iter()
            .map(|d| {
                json!({
                    "device": d.id, "name": d.name, "user": d.user, "role": d.role,
                    "last_contact": d.last_contact, "revoked_at": d.revoked_at,
                })
            })
            .collect();
        let mut out = json!({
            "county": county.name(),
            "epoch": county.epoch(),
            "url": county.url()?,
            "records": totals.records,
            "counts": county.counts()?,
            "changes": totals.changes,
            "buckets": totals.buckets,
            "devices": devices,
            "review": totals.review,
            "refused": totals.refused,
            "pairs": totals.pairs,
        });
        if self.buckets {
            let heads = county.buckets()?;
            out["bucket_heads"] =
                heads.iter().map(|h| json!({ "bucket": h.bucket.to_string(), "head": h.head })).collect();
        }
        print_json(&out);
        Ok(())
    }

    fn text(&self, county: &County) -> Result<(), CountyError> {
        let totals = county.totals()?;
        say!("{}（第 {} 期 / epoch {}）", county.name(), county.epoch(), county.epoch());
        say!("手机连接地址 / phones connect to: {}", county.url()?);
        say!("记录 / records: {}", totals.records);
        for (kind, count) in county.counts()? {
            let label = county.schema().kinds.get(&kind).map_or(kind.0.as_str(), |k| k.zh.as_str());
            say!("  {label} {kind}: {count}");
        }
        say!("已接收修改 / accepted changes: {}", totals.changes);
        say!("同步单元 / buckets: {}", totals.buckets);
        say!("待核定 / waiting for a person: {}", totals.review);
        say!("已退回 / refused: {}", totals.refused);
        say!("疑似重复 / likely duplicates: {}", totals.pairs);
        let devices = county.devices()?;
        say!("手机 / phones: {}", devices.len());
        for device in devices {
            let state = if device.revoked_at.is_some() { "已停用 / revoked" } else { "" };
            let ago = ago(clock(), device.last_contact);
            say!("  {} {} {} {} {ago} {state}", device.id, device.user, device.role.zh(), device.name);
        }
        if self.buckets {
            for head in county.buckets()? {
                say!("  {} {}", head.bucket, head.head);
            }
        }
        Ok(())
    }
}

/// How long ago, in the largest whole unit.
fn ago(now: Millis, then: Millis) -> String {
    let minutes = (now.0 - then.0).max(0) / 60_000;
    match (minutes / 1440, minutes / 60) {
        (0, 0) => format!("{minutes} 分钟前 / {minutes} min ago"),
        (0, hours) => format!("{hours} 小时前 / {hours} h ago"),
        (days, _) => format!("{days} 天前 / {days} d ago"),
    }
}
