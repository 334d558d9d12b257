//! A record with everything that an alias joins to it: read together, resolved together, each part written where its
//! author names it (core/docs/adr/0009).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    error::AppError,
    views::{self, DocState, Eye},
};
use crate::{
    merge::{self, Resolved},
    model::{Audience, ChangeHash, DocId, Kind, Observation, RecordId, Scope, flow::OUTCOME, schema::base_key},
    store::{Reader, Writer},
};

/// The field that names the record which this one is an alias of.
const ALIAS_OF: &str = "alias_of";

/// Most heads of other documents that a change names; a message is bounded, and more than a few stand side by side only
/// where many phones wrote at once.
const MOST_BESIDE: usize = 12;

/// One record, or several that a person declared to be one.
pub struct Group {
    /// The record that lists show.
    pub head: RecordId,
    /// The others.
    pub aliases: Vec<RecordId>,
    /// The documents of all of them that this role receives.
    pub docs: Vec<DocState>,
}

impl Group {
    /// A record that does not exist yet.
    pub fn new(record: RecordId) -> Self {
        Self { head: record, aliases: Vec::new(), docs: Vec::new() }
    }

    /// Reads a record under any of its names; none where nothing of it is here.
    pub fn read(reader: &Reader<'_>, eye: Eye<'_>, record: &RecordId) -> Result<Option<Self>, AppError> {
        Self::around(reader, eye, record, views::docs_of(reader, eye, record)?)
    }

    /// The same where the documents of that name are at hand.
    fn around(
        reader: &Reader<'_>,
        eye: Eye<'_>,
        record: &RecordId,
        mut docs: Vec<DocState>,
    ) -> Result<Option<Self>, AppError> {
        let head = head(reader, record)?;
        let mut aliases = names(reader, &head)?;
        for name in aliases.iter().filter(|name| *name != record) {
            docs.extend(views::docs_of(reader, eye, name)?);
        }
        aliases.retain(|name| *name != head);
        Ok((!docs.is_empty()).then_some(Self { head, aliases, docs }))
    }

    /// Reads a record as it was joined when only what `cut` leaves was there: what the outcomes of that time make of it,
    /// not those of today.
    pub fn then(
        reader: &Reader<'_>,
        eye: Eye<'_>,
        record: &RecordId,
        cut: impl Fn(&mut Vec<Observation>),
    ) -> Result<Option<Self>, AppError> {
        let read = |record: &RecordId| -> Result<Vec<DocState>, AppError> {
            let mut docs = views::docs_of(reader, eye, record)?;
            for doc in &mut docs {
                cut(&mut doc.observations);
            }
            Ok(docs)
        };
        let docs = read(record)?;
        let Some(kind) = docs.first().map(|doc| doc.row.kind.clone()) else { return Ok(None) };
        // Who was an alias then may be none now, so that every record of the kind is asked.
        let mut alias_then = BTreeMap::new();
        let mut after = None;
        loop {
            let page = reader.docs_page(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for row in page.iter().filter(|row| row.kind == kind) {
                if alias_then.contains_key(&row.id.record) {
                    continue;
                }
                alias_then.insert(row.id.record, alias_of(eye, &read(&row.id.record)?));
            }
        }
        let mut way = vec![*record];
        while let Some(Some(next)) = alias_then.get(&way[way.len() - 1]) {
            if way.contains(next) || way.len() == CHAIN || !alias_then.contains_key(next) {
                break;
            }
            way.push(*next);
        }
        let head = way[way.len() - 1];
        let mut group = Self { head, aliases: Vec::new(), docs: read(&head)? };
        let mut names = vec![head];
        while let Some(name) = names.pop() {
            let of = alias_then.iter().filter(|(_, of)| **of == Some(name)).map(|(record, _)| *record);
            for alias in of.filter(|alias| *alias != head).collect::<Vec<_>>() {
                if !group.aliases.contains(&alias) {
                    group.aliases.push(alias);
                    group.docs.extend(read(&alias)?);
                    names.push(alias);
                }
            }
        }
        Ok(Some(group))
    }

    /// Reads a record for its views to be made anew, and notes what it is an alias of now. Gives besides every other
    /// record that is shown otherwise than before.
    pub fn renew(
        writer: &mut Writer<'_>,
        eye: Eye<'_>,
        record: &RecordId,
    ) -> Result<(Option<Self>, BTreeSet<RecordId>), AppError> {
        let docs = views::docs_of(writer, eye, record)?;
        let (before, now) = (writer.alias(record)?, alias_of(eye, &docs));
        let mut others = BTreeSet::new();
        if before != now {
            others.extend(before.map(|old| head(writer, &old)).transpose()?);
            writer.set_alias(record, now.as_ref())?;
        }
        if docs.is_empty() {
            // Who was an alias of what has left stands for itself again.
            others.extend(writer.aliases(record)?);
            others.remove(record);
            return Ok((None, others));
        }
        others.remove(record);
        Ok((Self::around(writer, eye, record, docs)?, others))
    }

    /// The kind of the record.
    pub fn kind<'a>(&self, eye: Eye<'a>) -> Result<&'a Kind, AppError> {
        let name = self.docs.first().map(|doc| &doc.row.kind.0);
        name.and_then(|name| eye.schema.kind(name)).ok_or(AppError::NeedsUpdate)
    }

    /// The grid under which the head is filed.
    pub fn scope(&self) -> Scope {
        let of_head = self.docs.iter().find(|doc| doc.row.id.record == self.head);
        of_head.or(self.docs.first()).map(|doc| doc.row.scope.clone()).unwrap_or_default()
    }

    /// What the resolver says, by audience, of the documents of all names together.
    pub fn resolve(&self, eye: Eye<'_>, kind: &Kind) -> BTreeMap<Audience, Resolved> {
        let audiences: BTreeSet<Audience> = self.docs.iter().map(|doc| doc.row.id.audience).collect();
        audiences.into_iter().map(|audience| (audience, self.resolve_one(eye, kind, audience))).collect()
    }

    /// The same for one audience.
    pub fn resolve_one(&self, eye: Eye<'_>, kind: &Kind, audience: Audience) -> Resolved {
        let Some(first) = self.docs.iter().find(|doc| doc.row.id.audience == audience) else {
            return Resolved::default();
        };
        let id = DocId { record: self.head, ..first.row.id };
        let mut resolved = merge::resolve(eye.schema, kind, id, &self.union(audience));
        if !self.aliases.is_empty() {
            self.keep_own_commands(eye, kind, &mut resolved, id);
        }
        resolved
    }

    /// What commands came to is told by the head alone.
    fn keep_own_commands(&self, eye: Eye<'_>, kind: &Kind, resolved: &mut Resolved, id: DocId) {
        let of_head = |doc: &&DocState| doc.row.id.record == self.head && doc.row.id.audience == id.audience;
        let own = self.docs.iter().find(of_head).map(|doc| merge::resolve(eye.schema, kind, id, &doc.observations));
        merge::keep_own_commands(kind, resolved, own.unwrap_or_default());
    }

    /// The observations of each audience, those of all names together.
    pub fn unions(&self) -> impl Iterator<Item = Cow<'_, [Observation]>> {
        let audiences: BTreeSet<Audience> = self.docs.iter().map(|doc| doc.row.id.audience).collect();
        audiences.into_iter().map(|audience| self.union(audience))
    }

    fn union(&self, audience: Audience) -> Cow<'_, [Observation]> {
        let docs: Vec<&DocState> = self.docs.iter().filter(|doc| doc.row.id.audience == audience).collect();
        match docs[..] {
            [only] => Cow::Borrowed(&only.observations),
            _ => docs.into_iter().flat_map(|doc| doc.observations.iter().cloned()).collect(),
        }
    }

    /// The document of one name and audience, made where there is none.
    pub fn doc_mut(&mut self, record: RecordId, audience: Audience, kind: &Kind, scope: &Scope) -> &mut DocState {
        let named = |doc: &DocState| doc.row.id.record == record && doc.row.id.audience == audience;
        let at = self.docs.iter().position(named).unwrap_or_else(|| {
            let id = DocId { record, audience, generation: 0 };
            let row = views::new_doc(id, &kind.name, scope);
            self.docs.push(DocState { row, stored: Vec::new(), observations: Vec::new() });
            self.docs.len() - 1
        });
        &mut self.docs[at]
    }

    /// What a change to one name of the record has seen in the documents of the other names.
    pub fn beside(&self, record: RecordId, audience: Audience) -> Vec<String> {
        let others = self.docs.iter().filter(|doc| doc.row.id.audience == audience && doc.row.id.record != record);
        let mut heads: Vec<String> = others.flat_map(heads).map(|hash| hash.prefix()).collect();
        heads.sort();
        heads.truncate(MOST_BESIDE);
        heads
    }
}

/// What a record is an alias of by the commands in its own documents.
fn alias_of(eye: Eye<'_>, docs: &[DocState]) -> Option<RecordId> {
    let kind = docs.first().and_then(|doc| eye.schema.kind(&doc.row.kind.0))?;
    let field = kind.field(ALIAS_OF)?;
    let doc = docs.iter().find(|doc| doc.row.id.audience == field.audience)?;
    // Most records were never named in a command, so that nothing needs to be resolved for them.
    let answered = |seen: &Observation| seen.body.puts.iter().any(|(key, _)| base_key(key) == OUTCOME);
    if !doc.observations.iter().any(answered) {
        return None;
    }
    let resolved = merge::resolve(eye.schema, kind, doc.row.id, &doc.observations);
    resolved.fields.get(ALIAS_OF)?.value.text()?.parse().ok()
}

/// Documents read at once.
const PAGE: usize = 256;

/// Aliases of aliases are followed so far; a longer chain is no work of people.
const CHAIN: usize = 16;

/// The record under which lists show a record: what it is an alias of, in the end, as far as that is here. Of a ring of
/// aliases its smallest id.
pub fn head(reader: &Reader<'_>, record: &RecordId) -> Result<RecordId, AppError> {
    let mut way = vec![*record];
    while let Some(next) = reader.alias(&way[way.len() - 1])? {
        if let Some(start) = way.iter().position(|known| *known == next) {
            return Ok(way[start..].iter().copied().min().unwrap_or(next));
        }
        if way.len() == CHAIN || !reader.holds(&next)? {
            break;
        }
        way.push(next);
    }
    Ok(way[way.len() - 1])
}

/// A record and everything that is an alias of it.
pub fn names(reader: &Reader<'_>, head: &RecordId) -> Result<Vec<RecordId>, AppError> {
    let mut names = vec![*head];
    let mut at = 0;
    while let Some(next) = names.get(at).copied().filter(|_| at < CHAIN * CHAIN) {
        at += 1;
        let more = reader.aliases(&next)?.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
        names.extend(more);
    }
    Ok(names)
}

/// The changes of a document that no other one of it has seen.
fn heads(doc: &DocState) -> Vec<ChangeHash> {
    let seen: BTreeSet<&ChangeHash> = doc.observations.iter().flat_map(|o| &o.body.deps).collect();
    doc.observations.iter().map(|o| o.body.hash).filter(|hash| !seen.contains(hash)).collect()
}
