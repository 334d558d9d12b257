//! Enrolment: a one-time code becomes a registered device (DESIGN 9).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{ACCOUNT, Account, App, CONTACT, Contact, error::AppError, to_json};
use crate::net::{Transport, TransportError};
use crate::sync::{
    EnrolmentCode,
    frame::{self, FrameError, SignedReply},
    wire::{EnrolReply, EnrolRequest, ErrorReply},
};

/// Path of the request.
pub const PATH: &str = "/v1/enrol";

pub fn enrol(app: &App, code: &str, device_name: &str) -> Result<Account, AppError> {
    if app.account()?.is_some() {
        return Err(AppError::not_allowed("这台手机已经注册过了", "this phone is enrolled already"));
    }
    let code: EnrolmentCode = code.parse()?;
    let request = request(app, &code, device_name)?;
    let transport = app.link.connect(&code.url, code.root, None)?;
    let reply: EnrolReply = exchange(transport.as_ref(), PATH, &request, &code.identity, &request.nonce)?;
    let account = Account {
        device: reply.device,
        user: reply.user,
        user_name: reply.user_name,
        role: reply.role,
        scopes: reply.scopes,
        county: reply.county,
        url: code.url,
        root: code.root,
        identity: code.identity,
        sealing_key: reply.sealing_key,
    };
    let contact = Contact {
        epoch: reply.epoch,
        server_time: reply.server_time,
        device_time: app.env.now(),
        lease: reply.lease,
        backed_up_through: (0, 0),
    };
    app.store.write(|writer| {
        writer.set_meta(ACCOUNT, &to_json(&account)?)?;
        writer.set_meta(CONTACT, &to_json(&contact)?)?;
        Ok::<_, AppError>(())
    })?;
    Ok(account)
}

fn request(app: &App, code: &EnrolmentCode, device_name: &str) -> Result<EnrolRequest, AppError> {
    let mut nonce = [0; 16];
    app.env.fill(&mut nonce);
    let device_key = app.key.public();
    let mut mac = Hmac::<Sha256>::new_from_slice(&code.secret).map_err(|e| AppError::storage(&e))?;
    mac.update(&EnrolRequest::transcript(&code.identity, &device_key, &nonce));
    Ok(EnrolRequest {
        invite: code.invite(),
        proof: mac.finalize().into_bytes().into(),
        device_key,
        device_name: device_name.chars().take(64).collect(),
        nonce,
    })
}

/// Sends a message and opens the signed reply; a signed refusal becomes its sentence.
pub fn exchange<T: for<'b> minicbor::Decode<'b, ()>>(
    transport: &dyn Transport,
    path: &str,
    message: &impl minicbor::Encode<()>,
    identity: &[u8; 32],
    nonce: &[u8; 16],
) -> Result<T, AppError> {
    let (status, bytes) = transport.post(path, frame::pack(message)?)?;
    let reply: SignedReply = frame::unpack(&bytes).map_err(|error| from_elsewhere(status, error))?;
    if status == 200 {
        return Ok(reply.open(identity, nonce)?);
    }
    let refusal: ErrorReply = reply.open(identity, nonce)?;
    Err(AppError::refused(&refusal.reason))
}

/// An answer that is not ours comes from a gateway or a log-in page.
fn from_elsewhere(status: u16, error: FrameError) -> AppError {
    if error == FrameError::NotOurs { TransportError::NotOurs { status }.into() } else { error.into() }
}
