//! One resolver: field rule × claims → value in force, contested or not, what people should look at (DESIGN 4).
//!
//! What a document library shows after a merge is not enough: any later write, even hearsay by someone who did not mean
//! to decide, hides what was contested. So values are never merged. Each put of each change is a **claim**, and this
//! module answers which claims still count.
//!
//! **Order.** `ancestry` gives each change, once, a place (ancestors first, ties by hash) and a row of bits: all that
//! its author had seen. "B saw A" is one bit; the order of arrival is gone.
//!
//! **Claims.** `claims` reads a column for each key, in that order. A put is a claim for its value; a confirmation
//! claims the value in force in its own past, or the value of the claim it names. Since a past is complete when a change
//! is reached, nothing is computed twice.
//!
//! **Retiring.** Whether B retires A depends on A, B and B's past alone (what stood there, the rule's table in
//! `rules`, what B decides, `decide`), never on what came later. So each claim gets a row, once: what is retired
//! wherever this claim and its past are. The claims that count in any past P are those of P without the rows of P's last
//! claims. The same small question answers everything: what is in force now (P = all), what a confirmation meant (P =
//! its past), which old value stays in force under contested ones (P = what all their authors knew).
//!
//! **Choosing.** Of the claims that count some do not stand: late claims for what a decision rejected, confirmations
//! that had not seen a put at least as good, decisions beside one of a higher role. Among those that stand the rule
//! chooses, and equal values collapse; or it leaves the choice to a person, and the older value stays in force.
//!
//! **Joined records.** Records that an alias joins resolve as one: their changes are given together, and a change names in
//! `beside` the heads that its author saw of the others. Apart again, those names lead nowhere.
//!
//! **Taking back.** An author may undo a change of his own for a day (`undoes`). What is undone counts for nothing, except
//! in what others meant: a confirmation says what its author saw in force, so where something was undone since, its past
//! is resolved by itself, as it was then.
//!
//! **Hints.** Who may not read leaves a value for those who do; it is no claim but a question (`hints`).
//!
//! **Telling.** `attention` makes items 待确认, whose ids are the same everywhere, and a sentence for each author
//! whose claim lost. Nothing is ever dropped: `history` shows every claim there was.
//!
//! **Commands.** `command` folds what the server answered to intents into states and command fields; `deeds` has a line
//! of history for each, done or not.
//!
//! The resolver is pure. A phone asks it when it writes (`plan`) and after each page; the server asks it with the same
//! claims and gets the same answer.

pub mod across;
mod ancestry;
mod attention;
mod claims;
mod command;
mod course;
mod decide;
mod deeds;
mod hints;
mod history;
mod plan;
mod resolve;
mod rules;
mod summary;
mod types;
mod validity;
mod wording;

#[cfg(test)]
mod tests;

pub use command::{FlowNote, FlowState, Wanted, fold, state_of};
pub use course::Tell;
pub use deeds::command_history;
pub use history::history;
pub use plan::plan;
pub use resolve::{keep_own_commands, resolve};
pub use summary::summary;
pub use types::{Attention, Claim, Edit, FieldState, Hinted, HistoryLine, Plan, Resolved, Suggestion, Told};
