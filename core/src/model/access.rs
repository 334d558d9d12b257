//! Who receives and who writes what: the one table that phone, server and console read (`core/schema/access.toml`).

use super::{
    change::Source,
    ids::{Audience, Role},
    schema::{Field, Kind, Rule, Schema},
};

impl Schema {
    /// Whether the phones of a role receive an audience.
    pub fn receives(&self, role: Role, audience: Audience) -> bool {
        self.audiences_of(role).contains(&audience)
    }
    /// The audiences a role receives.
    pub fn audiences_of(&self, role: Role) -> &[Audience] {
        self.access.receive.get(&role).map_or(&[], Vec::as_slice)
    }
    /// Whether a role may write a kind at all, in the audiences it receives.
    pub fn may_write_kind(&self, role: Role, kind: &Kind) -> bool {
        let kinds = self.access.write.get(&role).map_or(&[][..], Vec::as_slice);
        !kind.server && kinds.iter().any(|name| name == "*" || *name == kind.name.0)
    }
    /// Whether a role may write a field: it may write the kind, receives the audience, and the field names it or nobody.
    /// What commands set, nobody writes.
    pub fn may_write(&self, role: Role, kind: &Kind, field: &Field) -> bool {
        self.may_write_kind(role, kind)
            && !field.server
            && field.rule != Rule::Command
            && self.receives(role, field.audience)
            && (field.write.is_empty() || field.write.contains(&role))
    }
    /// The best evidence that a role may claim.
    pub fn best_source(&self, role: Role) -> Source {
        if self.access.registry.contains(&role) { Source::Registry } else { Source::DocumentSeen }
    }
    /// Whether a role that does not receive an audience may leave a hint there.
    pub fn may_hint(&self, role: Role, audience: Audience) -> bool {
        !self.receives(role, audience) && self.access.hint.get(&audience).is_some_and(|roles| roles.contains(&role))
    }
    /// Whether a role may decide between the contested values of a field. Where a field names nobody, its values never
    /// stay contested, and there is nothing to decide.
    pub fn may_decide(&self, role: Role, kind: &Kind, field: &Field) -> bool {
        self.may_write(role, kind, field) && field.decide.contains(&role)
    }
    /// Whether a role may lower a `safer` value.
    pub fn may_lower(&self, role: Role, kind: &Kind, field: &Field) -> bool {
        self.may_write(role, kind, field) && field.lower.contains(&role)
    }
}

/// The audiences that the design lets a role receive at most (DESIGN 3). A county's file may give less, never more: no
/// part-time worker holds a name, no administrator record content, and who asked to stay unnamed goes to nobody.
pub fn widest(role: Role) -> &'static [Audience] {
    use Audience::{Care, Child, Dispute, Open, Personal};
    match role {
        Role::GW => &[Open, Personal, Care],
        Role::GL | Role::TC | Role::CC => &[Open, Personal, Care, Dispute],
        Role::PG | Role::GD | Role::DP => &[Open],
        Role::MD => &[Dispute],
        Role::CM => &[Child],
        Role::RS | Role::AD | Role::SA | Role::AU => &[],
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_part_time_worker_holds_and_writes_open_things_only() {
        let schema = Schema::built_in();
        assert_eq!(schema.audiences_of(Role::PG), [Audience::Open]);
        let writable: Vec<_> = schema
            .kinds
            .values()
            .flat_map(|kind| kind.fields.iter().filter(|f| schema.may_write(Role::PG, kind, f)))
            .collect();
        assert!(writable.iter().all(|field| field.audience == Audience::Open));
        let event = schema.kind("event").unwrap();
        assert!(schema.may_write(Role::PG, event, event.field("description").unwrap()));
        let visit = schema.kind("visit").unwrap();
        assert!(schema.may_write(Role::PG, visit, visit.field("when").unwrap()));
        assert!(!schema.may_write(Role::PG, visit, visit.field("met").unwrap()));
        let place = schema.kind("place").unwrap();
        assert!(!schema.may_write(Role::PG, place, place.field("duty_phone").unwrap()));
        assert!(!schema.may_write_kind(Role::PG, schema.kind("household").unwrap()));
    }

    #[test]
    fn what_the_server_writes_no_role_writes() {
        let schema = Schema::built_in();
        let (region, building) = (schema.kind("region").unwrap(), schema.kind("building").unwrap());
        for role in Role::ALL {
            assert!(!schema.may_write(role, region, region.field("name").unwrap()), "{role}");
            assert!(!schema.may_write(role, building, building.field("code").unwrap()), "{role}");
        }
    }

    #[test]
    fn deciding_and_lowering_are_for_the_named_roles() {
        let schema = Schema::built_in();
        let resident = schema.kind("resident").unwrap();
        let name = resident.field("name").unwrap();
        assert!(schema.may_write(Role::GW, resident, name) && !schema.may_decide(Role::GW, resident, name));
        assert!(schema.may_decide(Role::GL, resident, name));
        assert!(!schema.may_decide(Role::PG, resident, name));
        let event = schema.kind("event").unwrap();
        let level = event.field("level").unwrap();
        assert!(!schema.may_lower(Role::GL, event, level) && schema.may_lower(Role::TC, event, level));
        let dwelling = schema.kind("dwelling").unwrap();
        let hose = dwelling.field("gas_hose").unwrap();
        assert!(schema.may_lower(Role::GW, dwelling, hose) && !schema.may_lower(Role::PG, dwelling, hose));
    }

    #[test]
    fn names_of_unnamed_reporters_and_child_files_go_to_the_few() {
        let schema = Schema::built_in();
        for role in Role::ALL {
            assert!(!schema.receives(role, Audience::Reporter), "{role}");
            assert_eq!(schema.receives(role, Audience::Child), role == Role::CM, "{role}");
            assert!(schema.audiences_of(role).iter().all(|audience| widest(role).contains(audience)), "{role}");
        }
    }
}
