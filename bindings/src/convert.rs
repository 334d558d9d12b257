//! From the facade's types to those that cross the bridge, and back. Structs are taken apart by name, so that a field which
//! the core adds and this file forgets does not compile.

use wangge_core::{app, merge, model};

use crate::{
    forms::{FieldType, Rule},
    ids::{ChangeId, ClaimId, DeviceId, KindName, Millis, RecordId, Scope, UserId},
    listener::SyncProgress,
    records::{
        Account, AttentionItem, Audience, Claim, Contact, EditOutcome, EditRequest, FieldEdit, FieldView, HistoryLine,
        LeaseState, ListItem, ListPage, ListRequest, Member, OutboxCounts, Problem, RecordView, Refusal, Role,
        Sentence, Severity, Source, Suggestion, Value,
    },
};

/// Each of a list.
pub fn all<A, B: From<A>>(items: impl IntoIterator<Item = A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// Names that only wrap the core's.
macro_rules! wraps {
    ($($ours:ident($core:ty))*) => {
        $(impl From<$core> for $ours {
            fn from(core: $core) -> Self {
                Self(core)
            }
        })*
    };
}
wraps! {
    RecordId(model::RecordId) ChangeId(model::ChangeHash) DeviceId(model::DeviceId) UserId(model::UserId)
    Scope(model::Scope) KindName(model::KindName) Millis(model::Millis) ClaimId(String)
}

/// Enums without data, both ways.
macro_rules! same_enums {
    ($($ours:ident = $core:ident::$name:ident { $($variant:ident)* })*) => {
        $(
            impl From<$core::$name> for $ours {
                fn from(core: $core::$name) -> Self {
                    match core { $($core::$name::$variant => Self::$variant,)* }
                }
            }
            impl From<$ours> for $core::$name {
                fn from(ours: $ours) -> Self {
                    match ours { $($ours::$variant => Self::$variant,)* }
                }
            }
        )*
    };
}
same_enums! {
    Role = model::Role { GW PG GL GD TC CC DP MD CM RS AD SA AU }
    Source = model::Source { Other SelfSaid DocumentSeen Registry }
    Audience = model::Audience { Open Personal Care Child Dispute Reporter }
    LeaseState = app::LeaseState { Good Warn Locked }
    Severity = model::Severity { Warn Block }
    FieldType = model::FieldType { Text Int Bool Date Code Phone IdNumber Ref Time Point Uscc Region Attachment }
    Rule = model::Rule { Immutable Latest KeepBoth Authority Safer Sharper Set Log Command }
}

impl From<model::Value> for Value {
    fn from(value: model::Value) -> Self {
        match value {
            model::Value::Null => Self::Null,
            model::Value::Bool(value) => Self::Bool { value },
            model::Value::Int(value) => Self::Int { value },
            model::Value::Text(value) => Self::Text { value },
            model::Value::Bytes(value) => Self::Bytes { value },
        }
    }
}

impl From<Value> for model::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool { value } => Self::Bool(value),
            Value::Int { value } => Self::Int(value),
            Value::Text { value } => Self::Text(value),
            Value::Bytes { value } => Self::Bytes(value),
        }
    }
}

impl From<app::Sentence> for Sentence {
    fn from(app::Sentence { zh, en }: app::Sentence) -> Self {
        Self { zh, en }
    }
}

impl From<model::Problem> for Problem {
    fn from(model::Problem { field, rule, zh, en, severity }: model::Problem) -> Self {
        Self { field, rule, zh, en, severity: severity.into() }
    }
}

impl From<app::Account> for Account {
    fn from(account: app::Account) -> Self {
        // Pins and keys are the core's own business.
        let app::Account { device, user, user_name, role, scopes, county, url, root: _, identity: _, sealing_key: _ } =
            account;
        let (device, user, role) = (device.into(), user.into(), role.into());
        Self { device, user, user_name, role, scopes: all(scopes), county, url }
    }
}

impl From<app::Contact> for Contact {
    fn from(contact: app::Contact) -> Self {
        let app::Contact { epoch, server_time, device_time, lease, backed_up_through } = contact;
        let (backed_up_epoch, backed_up_commit) = backed_up_through;
        Self {
            server_time: server_time.into(),
            device_time: device_time.into(),
            warn_at: lease.warn_at.into(),
            lock_at: lease.lock_at.into(),
            epoch,
            backed_up_epoch,
            backed_up_commit,
        }
    }
}

impl From<FieldEdit> for app::FieldEdit {
    fn from(edit: FieldEdit) -> Self {
        match edit {
            FieldEdit::Put { field, value } => Self::Put { field, value: value.into() },
            FieldEdit::Add { field, text, date } => Self::Add { field, text, date },
            FieldEdit::End { field, text, date } => Self::End { field, text, date },
            FieldEdit::Append { field, text } => Self::Append { field, text },
        }
    }
}

impl From<EditRequest> for app::EditRequest {
    fn from(request: EditRequest) -> Self {
        let EditRequest {
            kind,
            source,
            record,
            scope,
            observed_at,
            edits,
            confirm,
            decide,
            visit,
            submission,
            commands,
        } = request;
        Self {
            record: record.map(|id| id.0),
            kind: kind.0,
            scope: scope.map(|scope| scope.0),
            source: source.into(),
            observed_at: observed_at.map(|at| at.0),
            edits: all(edits),
            confirm,
            decide: decide.into_iter().map(|claim| claim.0).collect(),
            visit: visit.map(|id| id.0),
            submission,
            commands: commands.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::EditOutcome> for EditOutcome {
    fn from(app::EditOutcome { record, changes, warnings }: app::EditOutcome) -> Self {
        Self { record: record.into(), changes: all(changes), warnings: all(warnings) }
    }
}

impl From<app::ClaimView> for Claim {
    fn from(claim: app::ClaimView) -> Self {
        let app::ClaimView { prefix, value, shown, author, role, source, at, doubtful, accepted_at, confirms } = claim;
        Self {
            id: prefix.into(),
            value: value.into(),
            shown,
            author: author.into(),
            role: role.into(),
            source: source.into(),
            at: at.into(),
            doubtful,
            accepted_at: accepted_at.map(Into::into),
            confirms,
        }
    }
}

impl From<model::Member> for Member {
    fn from(model::Member { text, on, date }: model::Member) -> Self {
        Self { text, present: on, date }
    }
}

impl From<app::FieldView> for FieldView {
    fn from(view: app::FieldView) -> Self {
        let app::FieldView {
            field,
            zh,
            en,
            audience,
            value,
            shown,
            shown_en,
            contested,
            provisional,
            members,
            log,
            claims,
        } = view;
        Self {
            field,
            zh,
            en,
            audience: audience.into(),
            value: value.into(),
            shown,
            shown_en,
            contested,
            provisional,
            members: all(members),
            log,
            claims: all(claims),
        }
    }
}

impl From<app::RecordView> for RecordView {
    fn from(view: app::RecordView) -> Self {
        let app::RecordView {
            record,
            aliases,
            kind,
            scope,
            title,
            fields,
            flow,
            attention,
            told,
            suggestions,
            pending,
            refused,
        } = view;
        Self {
            record: record.into(),
            aliases: all(aliases),
            flow: flow.map(Into::into),
            kind: kind.into(),
            scope: scope.into(),
            title,
            fields: all(fields),
            attention: all(attention),
            told: all(told),
            suggestions: all(suggestions),
            pending,
            refused,
        }
    }
}

impl From<app::AttentionView> for AttentionItem {
    fn from(view: app::AttentionView) -> Self {
        let app::AttentionView {
            id,
            rule,
            record,
            kind,
            title,
            field,
            in_force,
            in_force_shown,
            claims,
            say,
            others,
            // Where the statements stand; `claims` of one item says the same in words.
            about: _,
            answers,
            may_decide,
            who,
        } = view;
        Self {
            id,
            rule,
            record: record.into(),
            kind: kind.into(),
            title,
            field,
            in_force: in_force.into(),
            in_force_shown,
            claims: all(claims),
            say: say.into(),
            others: all(others),
            answers: all(answers),
            may_decide,
            who: who.map(Into::into),
        }
    }
}

impl From<app::SuggestionView> for Suggestion {
    fn from(app::SuggestionView { field, category, say }: app::SuggestionView) -> Self {
        Self { field, category, say: say.into() }
    }
}

impl From<ListRequest> for app::ListRequest {
    fn from(ListRequest { kind, scope, text, contested_only, after, limit }: ListRequest) -> Self {
        Self { kind: kind.map(|kind| kind.0), scope: scope.map(|scope| scope.0), text, contested_only, after, limit }
    }
}

impl From<app::ListItem> for ListItem {
    fn from(item: app::ListItem) -> Self {
        let app::ListItem { record, kind, scope, title, contested, pending, values } = item;
        let values = values.into_iter().map(|(field, value)| (field, value.into())).collect();
        Self { record: record.into(), kind: kind.into(), scope: scope.into(), title, contested, pending, values }
    }
}

impl From<app::ListPage> for ListPage {
    fn from(app::ListPage { items, next }: app::ListPage) -> Self {
        Self { items: all(items), next }
    }
}

impl From<app::HistoryLine> for HistoryLine {
    fn from(app::HistoryLine { field, claim, zh, en }: app::HistoryLine) -> Self {
        let merge::Claim {
            change,
            // The field, or the member of the set, whose text the value holds.
            key: _,
            value,
            source,
            author,
            role,
            at,
            doubtful,
            accepted_at,
            recorded_at,
            confirms,
            decision,
            schema: _,
        } = claim;
        Self {
            field,
            change: change.into(),
            value: value.into(),
            author: author.into(),
            role: role.into(),
            source: source.into(),
            at: at.into(),
            recorded_at: recorded_at.into(),
            doubtful,
            accepted_at: accepted_at.map(Into::into),
            confirms,
            decision,
            say: Sentence { zh, en },
        }
    }
}

impl From<app::OutboxCounts> for OutboxCounts {
    fn from(app::OutboxCounts { pending, held, review, refused, accepted }: app::OutboxCounts) -> Self {
        Self { pending, held, review, refused, accepted }
    }
}

impl From<app::RefusalView> for Refusal {
    fn from(app::RefusalView { record, change, review, rule, say }: app::RefusalView) -> Self {
        Self { record: record.into(), change: change.into(), review, rule, say: say.into() }
    }
}

impl From<app::SyncProgress> for SyncProgress {
    fn from(app::SyncProgress { rounds, sent, received }: app::SyncProgress) -> Self {
        Self { rounds, sent, received }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = model::Value> {
        prop_oneof![
            Just(model::Value::Null),
            any::<bool>().prop_map(model::Value::Bool),
            any::<i64>().prop_map(model::Value::Int),
            ".*".prop_map(model::Value::Text),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(model::Value::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn a_value_goes_there_and_back(value in any_value()) {
            prop_assert_eq!(model::Value::from(Value::from(value.clone())), value);
        }
    }

    #[test]
    fn every_role_and_source_keeps_its_meaning() {
        for role in model::Role::ALL {
            let ours = Role::from(role);
            assert_eq!(
                (model::Role::from(ours), format!("{ours:?}"), ours.zh().as_str()),
                (role, role.to_string(), role.zh())
            );
        }
        use model::Source as S;
        for source in [S::Other, S::SelfSaid, S::DocumentSeen, S::Registry] {
            assert_eq!(S::from(Source::from(source)), source);
        }
    }
}
