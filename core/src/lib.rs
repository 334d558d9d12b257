//! Wangge core: records, merge, encrypted store and sync, without screen or server socket.
//!
//! # The story of one edit, from tap to server
//!
//! A grid worker without signal corrects a name and taps *save*.
//!
//! 1. The form calls [`app::App::edit`] with the field, the value, on what evidence it was seen, and when. The schema
//!    ([`model::Schema`], read from `core/schema/*.toml`) says whether the value fits and whether this role may write it
//!    ([`model::validate`]).
//! 2. The record's changes are read from the [`store`]; [`doc::chunk::read`] takes their bytes apart. A change is an
//!    *observation*: who saw what, when, on what evidence, and which changes they had seen before.
//! 3. [`merge::resolve`] turns all observations into the value in force of each field; [`merge::plan`] says what has to be
//!    written: a put, or, where the value already is in force, a confirmation.
//! 4. [`doc::Document::write`] makes one change of it. Name and telephone belong to the audience `personal`, so the change
//!    goes into that document and never reaches a phone that may not see it.
//! 5. [`store::Store::write`] commits change, view and outbox in one transaction. Only now does the call return: what the
//!    screen shows as saved is on the disk.
//! 6. When there is a signal, [`app::App::sync`] asks [`sync::machine::Machine`] what to do and does it: the outbox goes up
//!    in a signed frame ([`sync::frame`]) over [`net::HttpTransport`], which believes the county's own root and no other.
//! 7. The server puts the change through [`doc::guard::admit`], gives it an envelope ([`model::Envelope`]: author, role,
//!    device, time) and the next number in its bucket's log, commits, and answers with a signature.
//! 8. The reply's pages are applied in the transaction that moves the cursor. Changes of others are resolved with ours by
//!    the same function on every phone and on the server; where two people must be asked, all of them show the same
//!    sentence.
//!
//! Arrows run one way: `app` ▶ {`doc`, `store`, `sync`, `net`} ▶ `merge` ▶ `model`. The map is in `ARCHITECTURE.md`.

pub mod app;
pub mod doc;
pub mod merge;
pub mod model;
pub mod net;
pub mod store;
pub mod sync;
