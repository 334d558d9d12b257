//! A record with everything that an alias joins to it: read together, resolved together, each part written where its
//! author names it (core/docs/adr/0006).

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
    model::{Audience, ChangeHash, DocId, Kind, Observation, RecordId, Scope},
    store::Reader,
};

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
        let docs = views::docs_of(reader, eye, record)?;
        Ok((!docs.is_empty()).then_some(Self { head: *record, aliases: Vec::new(), docs }))
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
        merge::resolve(eye.schema, kind, id, &self.union(audience))
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

/// The changes of a document that no other one of it has seen.
fn heads(doc: &DocState) -> Vec<ChangeHash> {
    let seen: BTreeSet<&ChangeHash> = doc.observations.iter().flat_map(|o| &o.body.deps).collect();
    doc.observations.iter().map(|o| o.body.hash).filter(|hash| !seen.contains(hash)).collect()
}
