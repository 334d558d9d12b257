//! What people do besides filling in forms: looking for a record while typing.

use std::collections::BTreeSet;

use wangge_core::{app::EditRequest, model::RecordId};

use crate::scenario::{
    Finding,
    file::Act,
    play::{Play, Step},
};

impl Play<'_> {
    /// What the phone shows while a form is typed.
    pub(super) fn likely(
        &mut self,
        act: &Act,
        request: &EditRequest,
        names: &[String],
        line: Option<usize>,
    ) -> Step<()> {
        let app = &self.phone(&act.who, line)?.app;
        let found = app.likely(&request.kind, &request.edits, request.scope.as_ref());
        let found = found.map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?;
        let found: BTreeSet<RecordId> = found.into_iter().map(|one| one.record).collect();
        let wanted = names.iter().map(|name| self.record(name, line)).collect::<Step<BTreeSet<_>>>()?;
        if found != wanted {
            let shown: Vec<_> = found.iter().map(|record| self.names.name(*record)).collect();
            let (wanted, shown) = (names.join("、"), shown.join("、"));
            self.findings.add(
                line,
                format!("填写时应提示可能已有 [{wanted}]，实为 [{shown}]"),
                format!("while typing the phone should show [{wanted}], it shows [{shown}]"),
            );
        }
        Ok(())
    }
}
