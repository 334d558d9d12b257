//! Pages, vectors, hints, rights.

use wangge_core::{
    model::{Audience, Millis, Role, UserId},
    sync::{
        frame,
        wire::{ControlAct, Cursor, Digest, EntryBody, UploadResult, Vector},
    },
};
use wangge_server::{api, county::verify_chain};

use crate::support::{Phone, Place, START, grid};

fn two() -> (Place, Phone, Phone) {
    let mut place = Place::new();
    let (a, b) = (place.phone("zhang.wei", Role::GW, &[1]), place.phone("li.na", Role::GL, &[1, 2]));
    (place, a, b)
}

#[test]
fn what_one_phone_hands_over_the_other_receives() {
    let (mut place, mut a, mut b) = two();
    let upload = a.resident("张伟", START);
    let id = upload.doc;
    let (results, rounds) = a.sync(&mut place, vec![upload]);
    assert_eq!((results, rounds), (vec![UploadResult::Accepted], 1));
    assert_eq!(a.received.len(), 1, "its own entry comes back in the same reply");
    b.sync(&mut place, Vec::new());
    assert_eq!(b.docs[&id].heads(), a.docs[&id].heads());
    let (bucket, envelope) = &b.received[0];
    assert_eq!((bucket.scope.clone(), bucket.audience), (grid(1), Audience::Personal));
    assert_eq!((&envelope.author, envelope.role, envelope.device), (&UserId::from("zhang.wei"), Role::GW, a.device));
    assert_eq!((envelope.accepted_at, envelope.bounded, envelope.epoch), (place.now, None, 1));

    // And back: both edit, both see both.
    let (from_a, from_b) = (
        a.write(id, "resident", grid(1), START, &[("work", "供电所".into())]),
        b.write(id, "resident", grid(2), START, &[("phone", "13800000000".into())]),
    );
    b.sync(&mut place, vec![from_b]);
    a.sync(&mut place, vec![from_a]);
    b.sync(&mut place, Vec::new());
    assert_eq!(a.docs[&id].heads(), b.docs[&id].heads());
    assert_eq!(a.docs[&id].heads().len(), 2);
    place.recount();
}

#[test]
fn a_part_time_worker_receives_the_open_audience_alone() {
    let (mut place, mut a, _) = two();
    let mut part_time = place.phone("wang.fang", Role::PG, &[1]);
    let uploads = vec![a.resident("张伟", START), a.hazard("楼道堵塞", 1)];
    let hazard = uploads[1].doc;
    a.sync(&mut place, uploads);
    let reply = part_time.ask(&mut place, &part_time.request(Vec::new())).unwrap();
    let buckets = reply.buckets.as_ref().unwrap();
    assert!(buckets.iter().all(|b| b.audience == Audience::Open && b.scope == grid(1)), "{buckets:?}");
    part_time.apply(&reply, &[]);
    assert_eq!(part_time.docs.keys().collect::<Vec<_>>(), [&hazard]);
    // Nor does it get one by claiming a cursor there.
    let mut request = part_time.request(Vec::new());
    let mut vector = part_time.vector();
    vector.extend(a.vector().into_iter().map(|c| Cursor { seq: 0, digest: Digest::default(), ..c }));
    request.vector = Vector::Full(vector);
    let reply = part_time.ask(&mut place, &request).unwrap();
    assert!(reply.pages.iter().all(|p| p.bucket.audience == Audience::Open));
    assert!(reply.buckets.is_some(), "it is told what it may hold");
    // And what it may not receive it may not write.
    let id = part_time.new_doc(Audience::Personal);
    let upload = part_time.write(id, "resident", grid(1), START, &[("name", "某人".into())]);
    let (results, _) = part_time.sync(&mut place, vec![upload]);
    assert!(matches!(&results[0], UploadResult::Refused(why) if why.rule == "audience"), "{results:?}");
}

#[test]
fn a_grid_that_is_not_ones_own_goes_to_review_and_is_kept() {
    let (mut place, mut a, mut b) = two();
    let upload = a.hazard("围墙倾斜", 2);
    let (results, _) = a.sync(&mut place, vec![upload.clone()]);
    assert!(matches!(&results[0], UploadResult::Review(why) if why.rule == "scope"), "{results:?}");
    let kept = place.county.set_aside().unwrap();
    assert_eq!((kept.len(), kept[0].review, kept[0].record), (1, true, upload.doc.record));
    // Sent again it is still one; once he works there too, it comes in and nothing is left aside.
    a.sync(&mut place, vec![upload.clone()]);
    assert_eq!(place.county.set_aside().unwrap().len(), 1);
    place.county.assign(&UserId::from("zhang.wei"), Role::GW, &grid(2), place.now).unwrap();
    assert_eq!(a.sync(&mut place, vec![upload]).0, [UploadResult::Accepted]);
    assert!(place.county.set_aside().unwrap().is_empty());
    b.sync(&mut place, Vec::new());
    assert_eq!(b.docs.len(), 1);
    // Where a record is routed decides, not the grid that an upload proposes.
    let mut elsewhere = place.phone("zhao.min", Role::GW, &[3]);
    let id = *b.docs.keys().next().unwrap();
    elsewhere.docs.insert(id, b.docs[&id].clone());
    let upload = elsewhere.write(id, "event", grid(3), START, &[("level", "1".into())]);
    assert!(matches!(&elsewhere.sync(&mut place, vec![upload]).0[0], UploadResult::Review(_)));
}

#[test]
fn an_idle_sync_is_one_small_round_trip_for_any_number_of_buckets() {
    let mut place = Place::new();
    let grids: Vec<u32> = (1..=30).collect();
    for number in &grids {
        place.county.add_region(&grid(*number), "").unwrap();
    }
    let mut a = place.phone("zhang.wei", Role::GW, &grids);
    let uploads = (1..=30).map(|n| a.hazard("灭火器过期", n)).collect();
    a.sync(&mut place, uploads);
    a.sync(&mut place, Vec::new());
    assert_eq!(a.cursors.len(), 90);
    let signed = a.sign(&a.request(Vec::new()));
    let asked = frame::pack(&signed).unwrap().len();
    let (reply, answered) = a.send(&mut place, &signed);
    let reply = reply.unwrap();
    assert!(!reply.more && !reply.need_vector && reply.pages.is_empty() && reply.buckets.is_none(), "{reply:?}");
    assert!(asked <= 400 && answered <= 400, "{asked} bytes up, {answered} down");
    assert_eq!(reply.lease.unwrap().lock_at, place.now.plus(14 * Millis::DAY));
}

#[test]
fn a_lost_reply_costs_nothing_and_the_next_request_goes_on_from_either_vector() {
    let (mut place, mut a, mut b) = two();
    let upload = a.resident("张伟", START);
    let lost = a.ask(&mut place, &a.request(vec![upload.clone()])).unwrap();
    assert_eq!(lost.results, [UploadResult::Accepted]);
    // The reply never came: the same change again, from the vector before.
    let request = a.request(vec![upload]);
    let reply = a.ask(&mut place, &request).unwrap();
    assert_eq!(reply.results, [UploadResult::Duplicate]);
    assert!(!reply.need_vector, "both vectors are remembered");
    assert!(matches!(reply.pages[0].entries[0].body, EntryBody::Upload(0)), "its entry still reaches it");
    a.apply(&reply, &request.uploads);
    assert_eq!(a.received.len(), 1);
    b.sync(&mut place, Vec::new());
    assert_eq!(b.received.len(), 1);
    place.recount();
}

#[test]
fn a_root_that_nobody_remembers_asks_for_the_vector_and_still_takes_the_uploads() {
    let (mut place, mut a, _) = two();
    a.sync(&mut place, Vec::new());
    let upload = a.resident("李娜", START);
    let mut request = a.request(vec![upload]);
    request.vector = Vector::Root([5; 32]);
    let reply = a.ask(&mut place, &request).unwrap();
    assert!(reply.need_vector && reply.pages.is_empty());
    assert_eq!(reply.results, [UploadResult::Accepted]);
    let mut full = a.request(Vec::new());
    full.vector = Vector::Full(a.vector());
    let reply = a.ask(&mut place, &full).unwrap();
    assert!(matches!(reply.pages[0].entries[0].body, EntryBody::Own(_)), "from an earlier request: by name");
    a.apply(&reply, &[]);
    assert_eq!(a.received.len(), 1);
}

#[test]
fn a_cursor_that_does_not_fit_is_repaired_bucket_by_bucket() {
    let (mut place, mut a, mut b) = two();
    let uploads = vec![a.resident("张伟", START), a.hazard("楼道堵塞", 1)];
    a.sync(&mut place, uploads);
    b.sync(&mut place, Vec::new());
    let personal = b.cursors.keys().find(|k| k.audience == Audience::Personal && k.scope == grid(1)).unwrap().clone();
    for wrong in [|c: &mut (u64, _)| c.0 += 5, |c: &mut (u64, Digest)| c.1.0[31] ^= 1] {
        wrong(b.cursors.get_mut(&personal).unwrap());
        let mut request = b.request(Vec::new());
        request.vector = Vector::Full(b.vector());
        let reply = b.ask(&mut place, &request).unwrap();
        assert_eq!(reply.repair.as_slice(), std::slice::from_ref(&personal));
        assert!(reply.more);
        b.apply(&reply, &[]);
        let (_, rounds) = b.sync(&mut place, Vec::new());
        assert_eq!(rounds, 1, "the server knows where the phone now stands");
        assert_eq!(b.cursors[&personal].0, 1);
    }
    // Another epoch: everything is read again, nothing is thrown away.
    b.epoch = 9;
    let reply = b.ask(&mut place, &b.request(Vec::new())).unwrap();
    assert_eq!(reply.repair.len(), 2, "the two buckets that hold anything");
    b.apply(&reply, &[]);
    assert_eq!(b.sync(&mut place, Vec::new()).1, 1);
    assert!(b.cursors[&personal].0 == 1 && b.epoch == 1);
}

#[test]
fn a_long_log_comes_in_pages_that_fit_the_frame() {
    let (mut place, mut a, mut b) = two();
    for round in 0..12 {
        let uploads: Vec<_> = (0..400)
            .map(|n| {
                let noise: String = (0..480).map(|_| char::from(b'!' + (a.chance.number() % 90) as u8)).collect();
                let id = a.new_doc(Audience::Open);
                let text = format!("{round}/{n} {noise}");
                a.write(id, "event", grid(1), START, &[("description", text.as_str().into())])
            })
            .collect();
        assert!(a.sync(&mut place, uploads).0.iter().all(|r| *r == UploadResult::Accepted));
    }
    let (_, rounds) = b.sync(&mut place, Vec::new());
    assert!((3..=12).contains(&rounds), "{rounds} round trips for {} entries", b.received.len());
    assert_eq!(b.received.len(), 4800);
    place.recount();
}

#[test]
fn rights_follow_the_control_log() {
    let (mut place, mut a, mut b) = two();
    b.sync(&mut place, Vec::new());
    let upload = a.resident("张伟", START);
    a.sync(&mut place, vec![upload]);
    let user = UserId::from("li.na");
    assert!(place.county.unassign(&user, Role::GL, &grid(1), place.now).unwrap());
    assert!(!place.county.unassign(&user, Role::GL, &grid(1), place.now).unwrap());
    let reply = b.ask(&mut place, &b.request(Vec::new())).unwrap();
    assert!(reply.pages.is_empty(), "nothing of the grid that was taken away");
    assert!(reply.buckets.as_ref().unwrap().iter().all(|bucket| bucket.scope == grid(2)));
    assert!(matches!(&reply.control.last().unwrap().act, ControlAct::Unassign { scope, .. } if *scope == grid(1)));
    b.apply(&reply, &[]);
    let idle = b.ask(&mut place, &b.request(Vec::new())).unwrap();
    assert!(idle.buckets.is_none() && idle.control.is_empty() && !idle.more);

    place.county.revoke(&b.device, place.now).unwrap();
    let (status, reason) = b.ask(&mut place, &b.request(Vec::new())).unwrap_err();
    assert_eq!((status, reason.rule.as_str()), (403, "revoked"));

    let mut log = place.county.control_after(0, 1000).unwrap();
    assert_eq!(verify_chain(&log, &place.county.keys().identity_public()), Ok(()));
    assert!(matches!(log[0].act, ControlAct::Keys { .. }));
    assert!(matches!(log.last().unwrap().act, ControlAct::Revoke { device } if device == b.device));
    log[2].at = log[2].at.plus(1);
    assert_eq!(verify_chain(&log, &place.county.keys().identity_public()), Err(3));
    log.remove(2);
    assert_eq!(verify_chain(&log, &place.county.keys().identity_public()), Err(3));
}

#[test]
fn a_request_counts_once_and_only_from_its_own_phone() {
    let (mut place, mut a, b) = two();
    let upload = a.resident("张伟", START);
    let signed = a.sign(&a.request(vec![upload]));
    assert!(a.send(&mut place, &signed).0.is_ok());
    let (status, reason) = a.send(&mut place, &signed).0.unwrap_err();
    assert_eq!((status, reason.rule.as_str()), (409, "replay"));
    let mut other = a.sign(&a.request(Vec::new()));
    other.device = b.device;
    assert_eq!(a.send(&mut place, &other).0.unwrap_err().1.rule, "signature");
    let mut unknown = a.sign(&a.request(Vec::new()));
    unknown.device.0[0] ^= 1;
    assert_eq!(a.send(&mut place, &unknown).0.unwrap_err().1.rule, "unknown_device");
    let mut bent = a.sign(&a.request(Vec::new()));
    bent.body[0] ^= 1;
    assert_eq!(a.send(&mut place, &bent).0.unwrap_err().1.rule, "signature");
    assert_eq!(place.county.totals().unwrap().changes, 1);
}

#[test]
fn what_is_no_message_of_ours_is_answered_and_changes_nothing() {
    let (mut place, mut a, _) = two();
    let garbage: [&[u8]; 5] = [b"", b"<!DOCTYPE html><html>", b"WG1\n", b"WG1\n\x01\0\0\0\x08abc", &[0xff; 3000]];
    for path in [api::SYNC, api::ENROL] {
        for body in garbage {
            assert_eq!(place.post(path, body).0, 400, "{body:?}");
        }
        assert_eq!(place.post(path, &vec![0; (1 << 20) + 1]).0, 413);
    }
    // A frame of ours, signed, whose message is nonsense.
    let mut signed = a.sign(&a.request(Vec::new()));
    signed.body = vec![0xff];
    let again = a.key.clone();
    let bytes = frame::SignedRequest::signed_bytes(api::SYNC, &a.device, &signed.nonce, &signed.body);
    let signature: p256::ecdsa::Signature = p256::ecdsa::signature::Signer::sign(&again, &bytes);
    signed.signature = signature.to_bytes().to_vec();
    assert_eq!(a.send(&mut place, &signed).0.unwrap_err().0, 400);
    assert_eq!(place.post("/v1/other", b"").0, 404);
    assert!(a.ask(&mut place, &a.request(Vec::new())).is_ok(), "and the server goes on");
}

#[test]
fn a_clock_ahead_of_the_server_is_bounded_by_the_last_contact() {
    let (mut place, mut a, mut b) = two();
    a.sync(&mut place, Vec::new());
    let contact = place.now;
    place.now = place.now.plus(3 * Millis::DAY);
    let upload = a.resident("张伟", Millis(4_070_908_800_000));
    a.sync(&mut place, vec![upload]);
    b.sync(&mut place, Vec::new());
    assert_eq!(b.received[0].1.bounded, Some(contact));
}

#[test]
fn phones_that_write_one_record_at_the_same_moment_all_get_in() {
    let mut place = Place::new();
    let mut first = place.phone("zhang.wei", Role::GW, &[1]);
    let upload = first.resident("张伟", START);
    let id = upload.doc;
    first.sync(&mut place, vec![upload]);
    let bodies: Vec<Vec<Vec<u8>>> = (0..6)
        .map(|n| {
            let mut phone = place.phone(&format!("w{n}"), Role::GW, &[1]);
            phone.sync(&mut place, Vec::new());
            let mut edit = |text: String| {
                let upload = phone.write(id, "resident", grid(1), START, &[("work", text.as_str().into())]);
                frame::pack(&phone.sign(&phone.request(vec![upload]))).unwrap()
            };
            (0..8).map(|round| edit(format!("{n}/{round}"))).collect()
        })
        .collect();
    let (county, now) = (&place.county, place.now);
    std::thread::scope(|scope| {
        for phone in &bodies {
            scope.spawn(move || {
                for body in phone {
                    assert_eq!(api::handle(county, api::SYNC, body, now, &mut |_| ()).0, 200);
                }
            });
        }
    });
    assert_eq!(place.county.totals().unwrap().changes, 1 + 6 * 8);
    assert!(place.county.set_aside().unwrap().is_empty());
    first.sync(&mut place, Vec::new());
    assert_eq!(first.docs[&id].len(), 1 + 6 * 8);
    assert_eq!(first.docs[&id].heads().len(), 6);
    place.recount();
}

#[test]
fn one_change_twice_in_one_request_counts_once() {
    let (mut place, mut a, _) = two();
    let upload = a.resident("张伟", START);
    let (results, _) = a.sync(&mut place, vec![upload.clone(), upload]);
    assert_eq!(results, [UploadResult::Accepted, UploadResult::Duplicate]);
    assert_eq!((a.received.len(), place.county.totals().unwrap().changes), (1, 1));
    place.recount();
}
