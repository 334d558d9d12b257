//! What the county does while people are out of contact.

use toml::Spanned;
use wangge_core::model::{KindName, Millis, Scope};
use wangge_server::county::CommandOrder;

use super::kind_of;
use crate::{
    calendar,
    scenario::{
        file::CountyAct,
        play::{Play, Step, stop},
    },
    world::World,
};

impl Play<'_> {
    /// What the county does itself.
    pub fn county_act(&mut self, spanned: &Spanned<CountyAct>) -> Step<()> {
        let (line, act) = (self.line(spanned), spanned.get_ref());
        let scope = act.grid.as_deref().map(|name| self.grid(name));
        let Some(at) = calendar::millis(&act.at) else { return stop(line, "at 要写年月日", "`at` needs a date") };
        for name in act.assign.iter().chain(&act.unassign) {
            self.phone(name, line)?;
        }
        let done = match (&act.assign, &act.unassign, scope) {
            (Some(name), None, Some(scope)) => self.world.assign(name, &scope, at),
            (None, Some(name), Some(scope)) => self.world.unassign(name, &scope, at),
            (None, None, None) if act.dictionary.is_some() => {
                self.world.clock.reach(at);
                let schema = self.dictionary(act.dictionary.as_deref(), line)?;
                self.world.reopen_county(schema)
            }
            (None, None, None) if act.command.is_some() => return self.order(act, at, line),
            (None, None, scope) if act.import.is_some() != act.new.is_some() => {
                return self.import(act, scope, at, line);
            }
            _ => {
                let en = "`assign` or `unassign` with `grid`, `import`, `new`, `command` or `dictionary`";
                return stop(line, "写 assign 或 unassign 和 grid，或 import、new、command、dictionary", en);
            }
        };
        done.or_else(|error| stop(line, error.0.clone(), error.0))
    }

    /// A command that somebody does at the county's desk.
    fn order(&mut self, act: &CountyAct, at: Millis, line: Option<usize>) -> Step<()> {
        let (Some(who), Some(record), Some(command)) = (&act.who, &act.record, &act.command) else {
            return stop(line, "要写 who、record 和 command", "`who`, `record` and `command`");
        };
        let (user, role) = self.phone(who, line).map(|phone| (phone.user.clone(), phone.role))?;
        let record = self.record(record, line)?;
        let county = self.world.county();
        let kind = county.resolve_record(&record).map(|state| state.kind);
        let kind = kind.or_else(|error| stop(line, error.to_string(), error.to_string()))?;
        let args = self.args(county.schema(), &act.args, &kind, command, line)?;
        let order = CommandOrder { user: &user, role, record, command, args: &args };
        match (self.world.order(&order, at), &act.refused) {
            (Ok(_), None) => Ok(()),
            (Ok(_), Some(_)) => stop(line, "县里本应拒绝，却办了", "the county should have refused it"),
            (Err(error), Some(words)) if words.iter().all(|word| error.0.contains(word.as_str())) => Ok(()),
            (Err(error), _) => stop(line, format!("{who}在县里办不成：{}", error.0), error.0),
        }
    }

    /// A row of a registry, written as the county's import writes it.
    fn import(&mut self, act: &CountyAct, scope: Option<Scope>, at: Millis, line: Option<usize>) -> Step<()> {
        let known = act.import.as_deref().map(|name| self.record(name, line)).transpose()?;
        let kind = match (known, &act.kind) {
            (Some(record), None) => self.world.county().resolve_record(&record).map(|state| state.kind),
            (None, Some(kind)) => Ok(KindName(kind.clone())),
            _ => return stop(line, "要么写 import，要么写 new 和 kind", "either `import`, or `new` and `kind`"),
        };
        let kind = kind.or_else(|error| stop(line, error.to_string(), error.to_string()))?;
        let schema = self.world.county().schema();
        let fields = self.puts(schema, kind_of(schema, &kind, line)?, &act.put, line)?;
        let seen = act.seen.as_ref().and_then(calendar::millis);
        let scope = scope.unwrap_or_else(|| World::grid(1));
        let record = self.world.import(known, &kind, &scope, seen, at, fields);
        let record = record.or_else(|error| stop(line, error.0.clone(), error.0))?;
        self.name_new(act.new.as_deref(), record, line)
    }
}
