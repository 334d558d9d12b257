//! Who receives and who writes.

use super::Report;
use crate::model::{access::widest, schema::Schema};

/// Checks the table of access against the kinds, and against what the design lets a role receive at most.
pub fn check_access(report: &mut Report<'_>, schema: &Schema) {
    for (role, audiences) in &schema.access.receive {
        report.on(&format!("receive.{role}"));
        for audience in audiences.iter().filter(|audience| !widest(*role).contains(audience)) {
            report.say(
                "audience",
                format!("{}（{role}）不得接收 {audience}", role.zh()),
                format!("{role} may not receive {audience}"),
            );
        }
    }
    for (role, kinds) in &schema.access.write {
        report.on(&format!("write.{role}"));
        if !kinds.is_empty() && schema.audiences_of(*role).is_empty() {
            report.say(
                "write",
                format!("{}（{role}）能写却什么也不接收", role.zh()),
                format!("{role} writes kinds and receives nothing"),
            );
        }
        for name in kinds.iter().filter(|name| *name != "*") {
            if schema.kind(name).is_none_or(|kind| kind.server) {
                report.say(
                    "write",
                    format!("{}（{role}）能写的 {name} 不存在或只由服务器写", role.zh()),
                    format!("{role} writes {name}, which is no kind or the server's alone"),
                );
            }
        }
    }
    for (audience, roles) in &schema.access.hint {
        report.on(&format!("hint.{audience}"));
        for role in roles.iter().filter(|role| schema.receives(**role, *audience)) {
            report.say(
                "hint",
                format!("{}（{role}）本就接收 {audience}，不必留线索", role.zh()),
                format!("{role} receives {audience} and needs no hint"),
            );
        }
    }
}
