//! The sync state machine: what to do next, decided without doing it.
//!
//! The runner in `app` feeds inputs and carries out outputs. Everything the machine remembers dies with the attempt;
//! what lasts (cursors, outbox) is in the store, and every request is safe to repeat.

use super::wire::{Cursor, SyncReply, SyncRequest, Upload, Vector, vector_root};
use crate::model::Millis;

/// Largest batch of uploads in unpacked bytes; halved when a packed request proves too large.
const BATCH_BYTES: usize = 6 << 20;
const SMALLEST_BATCH: usize = 16 << 10;
/// Attempts at one request before the sync gives up and leaves the rest for the next occasion.
const ATTEMPTS: u32 = 3;

/// What the store holds at the start of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// Epoch that the cursors belong to.
    pub epoch: u64,
    /// Schema version in use.
    pub schema: u32,
    /// Last control entry applied.
    pub control: u64,
    /// Cursors of all buckets.
    pub cursors: Vec<Cursor>,
    /// Waiting changes with their outbox numbers.
    pub uploads: Vec<(i64, Upload)>,
    /// More wait behind them.
    pub more_uploads: bool,
}

/// How far a sync has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Requests answered.
    pub rounds: u32,
    /// Changes the server has on its disk through this sync.
    pub sent: u64,
    /// Entries received.
    pub received: u64,
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// Requests answered.
    pub rounds: u32,
    /// Accepted, or there before.
    pub sent: u64,
    /// Kept here because the server lacks something.
    pub held: u64,
    /// With a person to judge.
    pub review: u64,
    /// Refused, kept on both sides.
    pub refused: u64,
    /// Entries received.
    pub received: u64,
    /// Buckets read again from the start.
    pub repaired: u64,
}

/// What ended a sync early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No reply; the next occasion will do.
    Unreachable,
    /// The person pressed cancel.
    Cancelled,
    /// The server answered against the protocol.
    Protocol(&'static str),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin.
    Start,
    /// The store was read.
    Local(Local),
    /// The packed request was over the limit and not sent.
    TooLarge,
    /// A verified reply came.
    Reply(Box<SyncReply>),
    /// No reply came.
    NoReply {
        /// Whether asking again soon can help.
        again: bool,
    },
    /// The time asked for by [`Output::Wait`] is over.
    Waited,
    /// The reply is in the store.
    Applied {
        /// Entries that were applied.
        entries: u64,
        /// Buckets whose page did not fit their digest and that start again.
        repaired: u64,
        /// Whether the server named an own change that is not here any more.
        missing_own: bool,
    },
    /// Stop.
    Cancel,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Read cursors and the outbox after this number, up to so many bytes.
    ReadLocal {
        /// Outbox number.
        after: i64,
        /// Unpacked bytes.
        max_bytes: usize,
    },
    /// Send a request.
    Send(SyncRequest),
    /// Put the reply into the store in one transaction; the uploads are those it answers.
    Apply {
        /// The reply.
        reply: Box<SyncReply>,
        /// Uploads it answers.
        uploads: Vec<(i64, Upload)>,
    },
    /// Wait so many milliseconds.
    Wait(u64),
    /// Tell the listener.
    Progress(SyncProgress),
    /// All done.
    Done(SyncSummary),
    /// Ended early; what was done stays done.
    Fail(Fault, SyncSummary),
}

/// One attempt to sync.
#[derive(Debug, Default)]
pub struct Machine {
    summary: SyncSummary,
    local: Option<Local>,
    after: i64,
    batch: usize,
    full_vector: bool,
    own_in_full: bool,
    attempts: u32,
    more: bool,
    idle_rounds: u32,
    over: bool,
}

impl Machine {
    /// A machine that has not begun.
    pub fn new() -> Self {
        Self { batch: BATCH_BYTES, ..Self::default() }
    }

    /// The next outputs. `rng` gives eight random bytes for the spread of retries.
    pub fn step(&mut self, _now: Millis, rng: &mut dyn FnMut() -> u64, input: Input) -> Vec<Output> {
        if self.over {
            return Vec::new();
        }
        match input {
            Input::Start => vec![self.read_local()],
            Input::Local(local) => self.send(local),
            Input::Waited => match self.local.take() {
                Some(local) => self.send(local),
                None => self.fail(Fault::Protocol("nothing to send again")),
            },
            Input::TooLarge => self.smaller_batch(),
            Input::NoReply { again } => self.retry(again, rng),
            Input::Reply(reply) => self.replied(reply),
            Input::Applied { entries, repaired, missing_own } => {
                self.own_in_full |= missing_own;
                self.applied(entries, repaired)
            }
            Input::Cancel => self.fail(Fault::Cancelled),
        }
    }

    fn read_local(&self) -> Output {
        Output::ReadLocal { after: self.after, max_bytes: self.batch }
    }

    fn fail(&mut self, fault: Fault) -> Vec<Output> {
        self.over = true;
        vec![Output::Fail(fault, self.summary)]
    }

    fn send(&mut self, local: Local) -> Vec<Output> {
        let vector = if self.full_vector {
            Vector::Full(local.cursors.clone())
        } else {
            Vector::Root(vector_root(&local.cursors))
        };
        let request = SyncRequest {
            epoch: local.epoch,
            schema: local.schema,
            vector,
            control: local.control,
            uploads: local.uploads.iter().map(|(_, upload)| upload.clone()).collect(),
            own_in_full: self.own_in_full,
        };
        self.local = Some(local);
        vec![Output::Send(request)]
    }

    fn smaller_batch(&mut self) -> Vec<Output> {
        self.local = None;
        if self.batch <= SMALLEST_BATCH {
            return self.fail(Fault::Protocol("one change is larger than a request may be"));
        }
        self.batch /= 2;
        vec![self.read_local()]
    }

    fn retry(&mut self, again: bool, rng: &mut dyn FnMut() -> u64) -> Vec<Output> {
        self.attempts += 1;
        if !again || self.attempts >= ATTEMPTS {
            return self.fail(Fault::Unreachable);
        }
        let base = 500u64 << self.attempts;
        vec![Output::Wait(base / 2 + rng() % base)]
    }

    fn replied(&mut self, reply: Box<SyncReply>) -> Vec<Output> {
        let Some(local) = self.local.take() else {
            return self.fail(Fault::Protocol("a reply to no request"));
        };
        if reply.results.len() != local.uploads.len() {
            return self.fail(Fault::Protocol("results do not match uploads"));
        }
        self.attempts = 0;
        self.summary.rounds += 1;
        self.count(&reply);
        self.after = local.uploads.last().map_or(self.after, |(id, _)| *id);
        self.full_vector = reply.need_vector;
        self.more = reply.more || reply.need_vector || local.more_uploads || !reply.repair.is_empty();
        let busy = !local.uploads.is_empty() || reply.pages.iter().any(|p| !p.entries.is_empty());
        self.idle_rounds = if busy { 0 } else { self.idle_rounds + 1 };
        vec![Output::Apply { reply, uploads: local.uploads }]
    }

    fn count(&mut self, reply: &SyncReply) {
        use super::wire::UploadResult as R;
        for result in &reply.results {
            match result {
                R::Accepted | R::Duplicate => self.summary.sent += 1,
                R::Held(_) => self.summary.held += 1,
                R::Review(_) => self.summary.review += 1,
                R::Refused(_) => self.summary.refused += 1,
            }
        }
    }

    fn applied(&mut self, entries: u64, repaired: u64) -> Vec<Output> {
        self.summary.received += entries;
        self.summary.repaired += repaired;
        let progress = Output::Progress(SyncProgress {
            rounds: self.summary.rounds,
            sent: self.summary.sent,
            received: self.summary.received,
        });
        // Three rounds in which nothing moved: the server repeats itself, and the worker's battery is worth more.
        if self.idle_rounds > 3 {
            self.over = true;
            return vec![progress, Output::Fail(Fault::Protocol("the server asks again without end"), self.summary)];
        }
        if self.more || repaired > 0 {
            return vec![progress, self.read_local()];
        }
        self.over = true;
        vec![progress, Output::Done(self.summary)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Box<SyncReply> {
        Box::new(SyncReply {
            epoch: 1,
            server_time: Millis(5),
            results: Vec::new(),
            commons: Vec::new(),
            pages: Vec::new(),
            more: false,
            need_vector: false,
            repair: Vec::new(),
            control: Vec::new(),
            backed_up_through: (0, 0),
            lease: None,
            buckets: None,
        })
    }

    fn step(machine: &mut Machine, input: Input) -> Vec<Output> {
        machine.step(Millis(0), &mut || 0, input)
    }

    #[test]
    fn an_idle_sync_is_one_round_trip_with_the_root_alone() {
        let mut machine = Machine::new();
        assert!(matches!(step(&mut machine, Input::Start)[..], [Output::ReadLocal { after: 0, .. }]));
        let out = step(&mut machine, Input::Local(Local::default()));
        assert!(matches!(&out[..], [Output::Send(SyncRequest { vector: Vector::Root(_), .. })]));
        assert!(matches!(step(&mut machine, Input::Reply(reply()))[..], [Output::Apply { .. }]));
        let out = step(&mut machine, Input::Applied { entries: 0, repaired: 0, missing_own: false });
        assert!(matches!(&out[..], [Output::Progress(_), Output::Done(SyncSummary { rounds: 1, .. })]));
    }

    #[test]
    fn a_forgotten_root_costs_one_more_round_with_the_whole_vector() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        step(&mut machine, Input::Local(Local::default()));
        step(&mut machine, Input::Reply(Box::new(SyncReply { need_vector: true, ..*reply() })));
        let out = step(&mut machine, Input::Applied { entries: 0, repaired: 0, missing_own: false });
        assert!(matches!(out[..], [_, Output::ReadLocal { .. }]));
        let out = step(&mut machine, Input::Local(Local::default()));
        assert!(matches!(&out[..], [Output::Send(SyncRequest { vector: Vector::Full(_), .. })]));
    }

    #[test]
    fn an_own_change_that_is_gone_is_asked_for_in_full() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        step(&mut machine, Input::Local(Local::default()));
        step(&mut machine, Input::Reply(reply()));
        let out = step(&mut machine, Input::Applied { entries: 0, repaired: 1, missing_own: true });
        assert!(matches!(out[..], [_, Output::ReadLocal { .. }]));
        let out = step(&mut machine, Input::Local(Local::default()));
        assert!(matches!(&out[..], [Output::Send(SyncRequest { own_in_full: true, .. })]));
    }

    #[test]
    fn a_lost_reply_is_asked_for_again_and_then_left_for_later() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        let first = step(&mut machine, Input::Local(Local { epoch: 9, ..Local::default() }));
        for _ in 1..ATTEMPTS {
            let out = step(&mut machine, Input::NoReply { again: true });
            assert!(matches!(out[..], [Output::Wait(_)]));
            assert_eq!(step(&mut machine, Input::Waited), first, "the very same request");
        }
        let out = step(&mut machine, Input::NoReply { again: true });
        assert!(matches!(out[..], [Output::Fail(Fault::Unreachable, _)]));
        assert!(step(&mut machine, Input::Waited).is_empty(), "over is over");
    }

    #[test]
    fn a_wrong_certificate_is_not_tried_again() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        step(&mut machine, Input::Local(Local::default()));
        let out = step(&mut machine, Input::NoReply { again: false });
        assert!(matches!(out[..], [Output::Fail(Fault::Unreachable, _)]));
    }

    #[test]
    fn a_server_that_asks_without_end_does_not_hold_the_phone() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        for _ in 0..10 {
            step(&mut machine, Input::Local(Local::default()));
            step(&mut machine, Input::Reply(Box::new(SyncReply { more: true, ..*reply() })));
            let out = step(&mut machine, Input::Applied { entries: 0, repaired: 0, missing_own: false });
            if matches!(out[..], [_, Output::Fail(Fault::Protocol(_), _)]) {
                return;
            }
        }
        panic!("never gave up");
    }

    #[test]
    fn a_request_that_packs_too_large_is_halved() {
        let mut machine = Machine::new();
        step(&mut machine, Input::Start);
        step(&mut machine, Input::Local(Local::default()));
        let out = step(&mut machine, Input::TooLarge);
        assert!(matches!(out[..], [Output::ReadLocal { max_bytes, .. }] if max_bytes == BATCH_BYTES / 2));
    }
}
