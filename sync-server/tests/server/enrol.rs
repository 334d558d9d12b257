//! One-time codes.

use wangge_core::{
    model::{Millis, Role, UserId},
    sync::{EnrolmentCode, frame},
};
use wangge_server::api;

use crate::support::{Phone, Place, grid, open};

#[test]
fn a_code_makes_one_phone_and_says_all_it_needs() {
    let mut place = Place::new();
    let code: EnrolmentCode = place.invite("zhang.wei", Role::GW, &[1, 2]).to_string().parse().unwrap();
    assert_eq!(code.root, place.county.keys().root_pin());
    let reply = Phone::new(1).enrol(&code, &mut place).unwrap();
    assert_eq!((reply.user, reply.role), (UserId::from("zhang.wei"), Role::GW));
    assert_eq!(reply.scopes, [grid(1), grid(2)]);
    assert_eq!((reply.county.as_str(), reply.epoch, reply.server_time), ("云溪县", 1, place.now));
    assert_eq!(reply.lease.warn_at, place.now.plus(7 * Millis::DAY));
    assert_eq!(reply.lease.lock_at, place.now.plus(14 * Millis::DAY));
    assert_eq!(reply.sealing_key, place.county.keys().sealing_public());
    assert_eq!(place.county.devices().unwrap().len(), 1);
}

#[test]
fn a_used_code_is_worth_nothing_to_another_phone_but_answers_its_own_again() {
    let mut place = Place::new();
    let code = place.invite("zhang.wei", Role::GW, &[1]);
    let mut first = Phone::new(1);
    let device = first.enrol(&code, &mut place).unwrap().device;
    let (status, reason) = Phone::new(2).enrol(&code, &mut place).unwrap_err();
    assert_eq!((status, reason.rule.as_str()), (410, "invite_used"));
    // The reply to the first request was lost on the way: the same phone asks again.
    assert_eq!(first.enrol(&code, &mut place).unwrap().device, device);
    assert_eq!(place.county.devices().unwrap().len(), 1);
}

#[test]
fn an_expired_code_says_so() {
    let mut place = Place::new();
    let code = place.invite("zhang.wei", Role::GW, &[1]);
    place.now = place.now.plus(15 * 60 * 1000);
    let (status, reason) = Phone::new(1).enrol(&code, &mut place).unwrap_err();
    assert_eq!((status, reason.rule.as_str()), (410, "invite_expired"));
    assert!(reason.zh.contains("过期") && reason.en.contains("expired"));
}

#[test]
fn a_wrong_secret_is_refused_and_guessing_ends_after_ten_tries() {
    let mut place = Place::new();
    let code = place.invite("zhang.wei", Role::GW, &[1]);
    let unknown = EnrolmentCode { secret: [9; 16], ..code.clone() };
    assert_eq!(Phone::new(1).enrol(&unknown, &mut place).unwrap_err().1.rule, "invite_unknown");
    for _ in 0..10 {
        let mut phone = Phone::new(2);
        let mut request = phone.enrol_request(&code);
        request.proof[0] ^= 1;
        let (status, bytes) = place.post(api::ENROL, &frame::pack(&request).unwrap());
        let refused = open::<()>(status, &bytes, &code.identity, &request.nonce).unwrap_err();
        assert_eq!((refused.0, refused.1.rule.as_str()), (401, "invite_proof"));
    }
    let (status, reason) = Phone::new(1).enrol(&code, &mut place).unwrap_err();
    assert_eq!((status, reason.rule.as_str()), (429, "invite_locked"));
    assert!(place.county.devices().unwrap().is_empty());
}

#[test]
fn a_device_key_that_is_no_point_is_refused_without_using_the_code_up() {
    let mut place = Place::new();
    let code = place.invite("zhang.wei", Role::GW, &[1]);
    let mut request = Phone::new(1).enrol_request(&code);
    request.device_key = vec![2; 32];
    let (status, bytes) = place.post(api::ENROL, &frame::pack(&request).unwrap());
    assert_eq!(open::<()>(status, &bytes, &code.identity, &request.nonce).unwrap_err().1.rule, "device_key");
    Phone::new(1).enrol(&code, &mut place).unwrap();
}

#[test]
fn an_invitation_needs_an_account_with_a_grid_in_that_role() {
    let place = Place::new();
    let user = UserId::from("li.na");
    let invite = |place: &Place, role| place.county.invite(&user, role, place.now, &mut |b| b.fill(3));
    assert!(invite(&place, None).unwrap_err().to_string().contains("没有账号"));
    place.county.add_user(&user, "李娜", place.now).unwrap();
    assert!(invite(&place, None).unwrap_err().to_string().contains("还没有分配网格"));
    place.county.assign(&user, Role::GW, &grid(1), place.now).unwrap();
    assert!(invite(&place, Some(Role::GL)).is_err());
    assert!(invite(&place, None).is_ok());
    place.county.assign(&user, Role::GL, &grid(2), place.now).unwrap();
    assert!(invite(&place, None).unwrap_err().to_string().contains("--role"));
    let nowhere = place.county.assign(&user, Role::GW, &"123".into(), place.now);
    assert!(nowhere.unwrap_err().to_string().contains("没有网格"));
}
