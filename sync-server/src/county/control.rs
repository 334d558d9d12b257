//! The control log: who may work where, signed and hash-chained, carried by every phone (DESIGN 7).

use ed25519_dalek::{Signature, Signer as _, Verifier as _, VerifyingKey};
use wangge_core::{
    model::Millis,
    sync::wire::{ControlAct, ControlEntry},
};

use super::County;
use crate::{
    CountyError, Keys,
    db::{DbError, Writer},
    keys::TAG_KEY,
};

/// The first entry names the county's public keys.
pub(super) fn begin(w: &mut Writer<'_>, keys: &Keys, now: Millis) -> Result<(), CountyError> {
    append(w, keys, now, ControlAct::Keys { identity: keys.identity_public(), tag_key: TAG_KEY })
}

pub(super) fn append(w: &mut Writer<'_>, keys: &Keys, now: Millis, act: ControlAct) -> Result<(), CountyError> {
    let head = w.control_head()?;
    let before = match head {
        0 => [0; 32],
        _ => w
            .control_after(head - 1, 1)?
            .first()
            .map(ControlEntry::hash)
            .ok_or_else(|| DbError::Damaged("control".to_owned()))?,
    };
    let seq = head + 1;
    let signature = keys.identity().sign(&ControlEntry::signed_bytes(seq, &before, now, &act)).to_bytes();
    w.add_control(&ControlEntry { seq, before, at: now, act, signature })?;
    Ok(())
}

impl County {
    /// Control entries after a number, at most so many.
    pub fn control_after(&self, after: u64, most: u64) -> Result<Vec<ControlEntry>, CountyError> {
        self.db.read(|r| Ok(r.control_after(after, most)?))
    }
}

/// Checks numbers, chain and signatures of a control log from its start; the number of the first bad entry otherwise.
pub fn verify_chain(entries: &[ControlEntry], identity: &[u8; 32]) -> Result<(), u64> {
    let key = VerifyingKey::from_bytes(identity).map_err(|_| 0_u64)?;
    let mut before = [0; 32];
    for (entry, seq) in entries.iter().zip(1..) {
        let bytes = ControlEntry::signed_bytes(entry.seq, &entry.before, entry.at, &entry.act);
        let signed = key.verify(&bytes, &Signature::from_bytes(&entry.signature)).is_ok();
        if entry.seq != seq || entry.before != before || !signed {
            return Err(seq);
        }
        before = entry.hash();
    }
    Ok(())
}
