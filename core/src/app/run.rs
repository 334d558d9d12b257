//! Carries out what the sync machine asks for: reads the store, signs and sends, applies in one transaction.

use super::{App, Session, apply, error::AppError};
use crate::{
    net::{Transport, TransportError},
    store::Store,
    sync::{
        frame::{self, FrameError, SignedReply, SignedRequest},
        machine::{Fault, Input, Local, Machine, Output, SyncProgress, SyncSummary},
        wire::{Cursor, Digest, ErrorReply, SyncReply, SyncRequest, Upload, UploadResult},
    },
};

/// Path of the request.
const PATH: &str = "/v1/sync";
/// The server's rule for a request that it has seen before.
const REPLAY: &str = "replay";

/// Hears how far a sync has come.
pub trait SyncListener: Send + Sync {
    /// Called after each round, with no lock of the store held; `false` cancels.
    fn progress(&self, progress: &SyncProgress) -> bool;
}

impl SyncListener for () {
    fn progress(&self, _: &SyncProgress) -> bool {
        true
    }
}

/// What a sync did, and what ended it early.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncReport {
    /// Counts.
    pub summary: SyncSummary,
    /// Bytes of all request bodies.
    pub bytes_up: u64,
    /// Bytes of all reply bodies.
    pub bytes_down: u64,
    /// None when all is done; otherwise why the rest waits for the next occasion.
    pub fault: Option<AppError>,
}

struct Wire<'a> {
    app: &'a App,
    session: &'a Session<'a>,
    transport: std::sync::Arc<dyn Transport>,
    up: u64,
    down: u64,
    silence: Option<TransportError>,
}

/// One attempt to sync.
pub fn sync(app: &App, session: &Session<'_>, listener: &dyn SyncListener) -> Result<SyncReport, AppError> {
    let account = &session.account;
    let transport = app.link.connect(&account.url, account.root, Some(session.contact.server_time))?;
    let mut wire = Wire { app, session, transport, up: 0, down: 0, silence: None };
    let mut rng = || {
        let mut bytes = [0; 8];
        app.env.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    };
    let mut machine = Machine::new();
    let mut inputs = std::collections::VecDeque::from([Input::Start]);
    while let Some(input) = inputs.pop_front() {
        for output in machine.step(app.env.now(), &mut rng, input) {
            let report = |summary, fault| SyncReport { summary, bytes_up: wire.up, bytes_down: wire.down, fault };
            match output {
                Output::Done(summary) => return Ok(report(summary, None)),
                Output::Fail(fault, summary) => {
                    return Ok(report(summary, Some(fault_error(fault, wire.silence.take()))));
                }
                Output::Progress(progress) => {
                    if !listener.progress(&progress) {
                        inputs.push_front(Input::Cancel);
                    }
                }
                Output::Wait(ms) => {
                    app.env.wait(ms);
                    inputs.push_back(Input::Waited);
                }
                Output::ReadLocal { after, max_bytes } => inputs.push_back(read_local(session, after, max_bytes)?),
                Output::Send(request) => inputs.push_back(wire.send(&request)?),
                Output::Apply { reply, uploads } => inputs.push_back(apply_with(app, session, &reply, &uploads)?),
            }
        }
    }
    Err(AppError::storage(&"同步停在半路 / the sync machine stopped halfway"))
}

impl Wire<'_> {
    fn send(&mut self, request: &SyncRequest) -> Result<Input, AppError> {
        let mut nonce = [0; 16];
        self.app.env.fill(&mut nonce);
        let device = self.session.account.device;
        let body = minicbor::to_vec(request).map_err(|e| AppError::storage(&e))?;
        let signature = self
            .app
            .key
            .sign(&SignedRequest::signed_bytes(PATH, &device, &nonce, &body))
            .map_err(|e| AppError::storage(&format!("签名失败：{e} / signing failed: {e}")))?;
        let packed = match frame::pack(&SignedRequest { device, nonce, body, signature }) {
            Err(FrameError::TooLarge) => return Ok(Input::TooLarge),
            packed => packed?,
        };
        self.up += packed.len() as u64;
        let (status, bytes) = match self.transport.post(PATH, packed) {
            Ok(reply) => reply,
            Err(error) => return Ok(self.no_reply(error)),
        };
        self.down += bytes.len() as u64;
        self.open(status, &bytes, &nonce)
    }

    /// Keeps the reason for the report.
    fn no_reply(&mut self, error: TransportError) -> Input {
        let again = !matches!(error, TransportError::WrongCertificate(_));
        self.silence = Some(error);
        Input::NoReply { again }
    }

    /// A gateway's page, a cut body or a wrong signature count as no reply: the request may have been applied.
    fn open(&mut self, status: u16, bytes: &[u8], nonce: &[u8; 16]) -> Result<Input, AppError> {
        let no_reply = |_: FrameError| TransportError::NotOurs { status };
        let signed: SignedReply = match frame::unpack(bytes) {
            Ok(signed) => signed,
            Err(error) => return Ok(self.no_reply(no_reply(error))),
        };
        let identity = self.session.account.identity;
        if status != 200 {
            return match signed.open::<ErrorReply>(&identity, nonce) {
                // A gateway sent the request twice and the first reply is lost: the work is there, ask again.
                Ok(refusal) if refusal.reason.rule == REPLAY => Ok(self.no_reply(TransportError::Timeout)),
                Ok(refusal) => Err(AppError::refused(&refusal.reason)),
                Err(error) => Ok(self.no_reply(no_reply(error))),
            };
        }
        match signed.open::<SyncReply>(&identity, nonce) {
            Ok(reply) => Ok(Input::Reply(Box::new(reply))),
            Err(error) => Ok(self.no_reply(no_reply(error))),
        }
    }
}

/// Edits wait meanwhile: after a refusal the actor of this process run has numbers that may return (see `rebase`).
fn apply_with(
    app: &App,
    session: &Session<'_>,
    reply: &SyncReply,
    uploads: &[(i64, Upload)],
) -> Result<Input, AppError> {
    let mut actor = super::lock(&app.actor);
    let applied = apply::apply(session, super::fresh_actor(app.env.as_ref()), reply, uploads);
    app.forget();
    let fell = |result: &UploadResult| matches!(result, UploadResult::Review(_) | UploadResult::Refused(_));
    if applied.is_err() || reply.results.iter().any(fell) {
        *actor = super::fresh_actor(app.env.as_ref());
    }
    applied
}

fn fault_error(fault: Fault, silence: Option<TransportError>) -> AppError {
    match fault {
        Fault::Unreachable => silence.unwrap_or(TransportError::Timeout).into(),
        Fault::Cancelled => AppError::network("同步已取消，已交的不受影响", "cancelled; what was handed over stays"),
        Fault::Protocol(what) => {
            AppError::network(&format!("服务器的答复不合约定（{what}）"), &format!("unexpected answer ({what})"))
        }
    }
}

fn read_local(session: &Session<'_>, after: i64, max_bytes: usize) -> Result<Input, AppError> {
    session
        .store
        .read(|reader| {
            let rows = reader.outbox(after, max_bytes)?;
            let last = rows.last().map_or(after, |row| row.id);
            let more_uploads = !reader.outbox(last, 1)?.is_empty();
            let uploads = rows
                .into_iter()
                .map(|row| (row.id, Upload { doc: row.doc, kind: row.kind, grid: row.scope, raw: row.raw }))
                .collect();
            let contact: Option<super::Contact> =
                reader.meta(super::CONTACT)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            Ok(Input::Local(Local {
                epoch: contact.map_or(0, |c| c.epoch),
                schema: session.schema.version,
                control: apply::control_head(reader)?.0,
                cursors: reader.cursors()?.into_iter().map(cursor).collect(),
                uploads,
                more_uploads,
            }))
        })
        .map_err(AppError::from)
}

fn cursor(row: crate::store::CursorRow) -> Cursor {
    Cursor { bucket: row.bucket, seq: row.seq, digest: Digest(row.digest) }
}

/// All cursors.
pub fn cursors(store: &Store) -> Result<Vec<Cursor>, AppError> {
    Ok(store.read(|reader| Ok(reader.cursors()?.into_iter().map(cursor).collect()))?)
}
