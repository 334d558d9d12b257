//! `POST /v1/enrol`: a one-time secret becomes a registered phone.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wangge_core::{
    model::{DeviceId, Millis},
    sync::{
        frame,
        wire::{EnrolReply, EnrolRequest, vector_root},
    },
};

use super::{Nonce, Refusal, lease, pack};
use crate::{
    County,
    county::Random,
    db::{DeviceRow, InviteRow, Writer},
};

/// Wrong proofs after which a code is worth nothing.
const TRIES: u32 = 10;
const LONGEST_NAME: usize = 64;

/// What a transaction came to: a device, or a refusal whose count must be kept.
type Found = Result<DeviceRow, Refusal>;

pub(super) fn enrol(county: &County, body: &[u8], now: Millis, random: Random<'_>) -> Result<Vec<u8>, Refusal> {
    let request: EnrolRequest = frame::unpack(body)?;
    let nonce = request.nonce;
    if p256::ecdsa::VerifyingKey::from_sec1_bytes(&request.device_key).is_err() || request.device_key.len() != 33 {
        return Err(Refusal::new(400, "device_key", "手机的密钥无效", "the phone's key is not valid").to(nonce));
    }
    let mut id = DeviceId([0; 16]);
    random(&mut id.0);
    let found: Found =
        county.db.write(|w| redeem(county, w, &request, id, now)).map_err(|error: Refusal| error.to(nonce))?;
    reply(county, &found.map_err(|refusal| refusal.to(nonce))?, &nonce, now).map_err(|refusal| refusal.to(nonce))
}

/// Uses the invitation up and adds the phone in one transaction; a refusal inside `Ok` is committed with its count.
fn redeem(
    county: &County,
    w: &mut Writer<'_>,
    request: &EnrolRequest,
    id: DeviceId,
    now: Millis,
) -> Result<Found, Refusal> {
    let Some(invite) = w.invite(request.invite)? else {
        return Ok(Err(Refusal::new(
            404,
            "invite_unknown",
            "注册码不属于本县，或已作废，请向管理员要一个新的",
            "this code is not known here; ask the administrator for a new one",
        )));
    };
    if invite.failures >= TRIES {
        return Ok(Err(Refusal::new(
            429,
            "invite_locked",
            "这个注册码试错太多次，已作废，请要一个新的",
            "too many wrong tries with this code; ask for a new one",
        )));
    }
    if invite.secret.is_empty() {
        return Ok(Err(expired()));
    }
    if !proves(county, request, &invite) {
        w.invite_failed(request.invite)?;
        return Ok(Err(Refusal::new(
            401,
            "invite_proof",
            "注册码不对，请核对后重输",
            "the code is wrong; check it and type it again",
        )));
    }
    if let Some(device) = invite.device {
        // The reply to the first request may have been lost: the same phone gets the same answer.
        let known = w.device(&device)?.filter(|known| known.public_key == request.device_key);
        return Ok(known.filter(|known| known.revoked_at.is_none()).ok_or_else(|| {
            Refusal::new(
                410,
                "invite_used",
                "这个注册码已被另一台手机用过，请要一个新的",
                "this code was used by another phone; ask for a new one",
            )
        }));
    }
    if now >= invite.expires {
        return Ok(Err(expired()));
    }
    let device = DeviceRow {
        id,
        public_key: request.device_key.clone(),
        name: request.device_name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect(),
        user: invite.user,
        role: invite.role,
        last_contact: now,
        revoked_at: None,
    };
    w.add_device(&device)?;
    w.use_invite(request.invite, &id)?;
    w.set_hints(&id, &[(vector_root(&[]), &[])])?;
    Ok(Ok(device))
}

fn expired() -> Refusal {
    Refusal::new(
        410,
        "invite_expired",
        "注册码已过期（有效期 15 分钟），请要一个新的",
        "this code has expired (it is good for 15 minutes); ask for a new one",
    )
}

/// Whether the request proves the secret; compares in constant time.
fn proves(county: &County, request: &EnrolRequest, invite: &InviteRow) -> bool {
    let identity = county.keys.identity_public();
    let mut mac = <Hmac<Sha256>>::new_from_slice(&invite.secret).expect("HMAC takes keys of any length");
    mac.update(&EnrolRequest::transcript(&identity, &request.device_key, &request.nonce));
    mac.verify_slice(&request.proof).is_ok()
}

fn reply(county: &County, device: &DeviceRow, nonce: &Nonce, now: Millis) -> Result<Vec<u8>, Refusal> {
    let (user, scopes) =
        county.db.read(|r| Ok::<_, Refusal>((r.user(&device.user)?, r.scopes(&device.user, device.role)?)))?;
    let lease = lease(county, &device.id, device.role, &scopes, now);
    let reply = EnrolReply {
        device: device.id,
        user: device.user.clone(),
        user_name: user.map(|user| user.name).unwrap_or_default(),
        role: device.role,
        scopes,
        county: county.name().to_owned(),
        epoch: county.epoch(),
        server_time: now,
        lease,
        sealing_key: county.keys.sealing_public(),
    };
    Ok(pack(county, nonce, &reply)?)
}
