//! Conditions of rows.

use serde::{Deserialize, Serialize};

use super::Row;

/// A condition of a row; a closed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The person works in the unit in charge.
    OwnUnit,
    /// The argument is one of the units last called by this command, and the person works there.
    CalledUnit {
        /// The argument that names the unit.
        arg: String,
        /// The command that called units.
        by: String,
    },
    /// No unit does it twice since it was called.
    OncePerUnit {
        /// The argument that names the unit.
        arg: String,
        /// The command that called units.
        by: String,
    },
    /// The person began this case.
    Reporter,
    /// The person did none of these.
    NotOwnWork(Vec<String>),
    /// The person did nothing for a unit that was in charge or called, and did not bring the record where it stands.
    NotHandler,
    /// The person did the last of these himself.
    OwnWork(String),
    /// Not more than once for a record.
    Once,
    /// Something was asked for by a command and nobody has answered by one of the others.
    Answers {
        /// The command that asks.
        ask: String,
        /// The commands that answer.
        by: Vec<String>,
    },
    /// Nothing waits for such an answer.
    NotAsked {
        /// The command that asks.
        ask: String,
        /// The commands that answer.
        by: Vec<String>,
    },
    /// At most so many days after the last of these commands was accepted.
    WithinDays {
        /// The commands.
        after: Vec<String>,
        /// The days.
        days: u16,
    },
    /// The argument is a day or time to come.
    NewDate(String),
    /// The argument is later than the date due now.
    Later(String),
    /// The argument is at most so many days after the date due that the last of these commands set.
    Limit {
        /// The argument.
        arg: String,
        /// The command that set `due_at`.
        of: String,
        /// Most days.
        days: u16,
    },
    /// The argument is at most so many days after the county took the first step, or the last of these commands, with
    /// which the clock begins anew.
    InAll {
        /// The argument.
        arg: String,
        /// The commands.
        since: Vec<String>,
        /// Most days.
        days: u16,
    },
    /// The argument is the unit in charge, or one that was sent for beside it.
    UnitOfCase(String),
    /// Each unit last called has told its result, or is named as one that has none, with a reason.
    AllTold {
        /// The command that called units.
        by: String,
        /// The command by which a unit tells its result.
        told: String,
        /// The argument that names the units without a result.
        absent: String,
        /// The argument that says why.
        reason: String,
    },
    /// The person does not stand below whoever took it on last, where it was taken on from this state.
    KeptBy {
        /// The command that takes it on.
        take: String,
        /// The state.
        from: String,
    },
    /// The field holds something.
    Attached(String),
    /// The person stands above whoever last did this.
    Above(String),
    /// The argument is `yes`.
    Agreed(String),
    /// Seen at least as late as anything else that was seen of the record.
    Latest,
    /// No inspection has seen the place later.
    NotCheckedLater,
}

impl Row {
    /// Whether it is done for a unit that is in charge or was called.
    pub fn is_for_unit(&self) -> bool {
        self.guards.iter().any(|guard| matches!(guard, Guard::OwnUnit | Guard::CalledUnit { .. }))
    }
}
