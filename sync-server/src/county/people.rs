//! Accounts, grids, assignments, invitations and phones.

use wangge_core::{
    model::{Audience, Bucket, DeviceId, Millis, Role, Scope, UserId},
    sync::{EnrolmentCode, wire::ControlAct},
};

use super::{County, Random, control};
use crate::{CountyError, password};

/// How long an invitation is good for.
pub const INVITE_MS: i64 = 15 * 60 * 1000;
/// Longest account name, grid code and the like, in bytes.
const LONGEST_NAME: usize = 64;

/// A person with an account, as an administrator sees one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Account name.
    pub id: UserId,
    /// As screens show it.
    pub name: String,
    /// Where they work, in which role.
    pub assignments: Vec<(Role, Scope)>,
}

/// A phone, as an administrator sees one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What its owner calls it.
    pub name: String,
    /// Owner.
    pub user: UserId,
    /// Role it works in.
    pub role: Role,
    /// Last verified request.
    pub last_contact: Millis,
    /// Since when it may no longer.
    pub revoked_at: Option<Millis>,
}

fn check_name(what_zh: &str, what_en: &str, name: &str) -> Result<(), CountyError> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(odd) {
        return Err(CountyError::invalid(
            format!("{what_zh}不能为空、过长或含空格：{name:?}"),
            format!("{what_en} must not be empty, long, or hold spaces: {name:?}"),
        ));
    }
    Ok(())
}

fn no_user(id: &UserId) -> CountyError {
    CountyError::not_found(format!("没有账号 {id}"), format!("no account {id}"))
}

impl County {
    /// Adds a grid, or gives it another name.
    pub fn add_region(&self, code: &Scope, name: &str) -> Result<(), CountyError> {
        check_name("网格编码", "grid code", &code.0)?;
        self.db.write(|w| Ok(w.put_region(code, name)?))
    }
    /// Adds many grids in one transaction.
    pub fn add_regions(&self, regions: &[(Scope, String)]) -> Result<(), CountyError> {
        regions.iter().try_for_each(|(code, _)| check_name("网格编码", "grid code", &code.0))?;
        self.db.write(|w| {
            regions.iter().try_for_each(|(code, name)| w.put_region(code, name))?;
            Ok(())
        })
    }
    /// All grids with their names, by code.
    pub fn regions(&self) -> Result<Vec<(Scope, String)>, CountyError> {
        self.db.read(|r| Ok(r.regions()?))
    }
    /// Adds a person, or gives one another name.
    pub fn add_user(&self, id: &UserId, name: &str, now: Millis) -> Result<(), CountyError> {
        check_name("账号", "account name", &id.0)?;
        self.db.write(|w| Ok(w.put_user(id, name, now)?))
    }
    /// A person.
    pub fn person(&self, id: &UserId) -> Result<Person, CountyError> {
        self.db.read(|r| {
            let user = r.user(id)?.ok_or_else(|| no_user(id))?;
            let mut assignments = Vec::new();
            for role in r.roles(id)? {
                assignments.extend(r.scopes(id, role)?.into_iter().map(|scope| (role, scope)));
            }
            Ok(Person { id: user.id, name: user.name, assignments })
        })
    }
    /// Makes an administrator who signs in with a password.
    pub fn add_admin(&self, id: &UserId, secret: &str, now: Millis, random: Random<'_>) -> Result<(), CountyError> {
        check_name("账号", "account name", &id.0)?;
        let mut salt = [0; 16];
        random(&mut salt);
        let stored = password::hash(secret, salt)?;
        self.db.write(|w| {
            let name = w.user(id)?.map_or_else(|| id.0.clone(), |user| user.name);
            w.put_user(id, &name, now)?;
            Ok(w.set_admin(id, &stored)?)
        })
    }
    /// Whether this is the password of an administrator.
    pub fn check_admin(&self, id: &UserId, secret: &str) -> Result<bool, CountyError> {
        let found = self.db.read(|r| Ok::<_, CountyError>((r.user(id)?, r.password(id)?)))?;
        let admin = found.0.is_some_and(|user| user.admin);
        Ok(password::verify(secret, &found.1.unwrap_or_default()) && admin)
    }

    /// Lets a person work in a grid in a role, and says so in the control log; false where they already may.
    pub fn assign(&self, user: &UserId, role: Role, scope: &Scope, now: Millis) -> Result<bool, CountyError> {
        self.db.write(|w| {
            w.user(user)?.ok_or_else(|| no_user(user))?;
            if w.region(scope)?.is_none() {
                return Err(CountyError::not_found(
                    format!("没有网格 {scope}：请先导入台账或用 region add 登记"),
                    format!("no grid {scope}: import ledgers first, or add it with region add"),
                ));
            }
            if !w.assign(user, role, scope)? {
                return Ok(false);
            }
            let act = ControlAct::Assign { user: user.clone(), role, scope: scope.clone() };
            control::append(w, &self.keys, now, act)?;
            Ok(true)
        })
    }
    /// Ends an assignment, and says so in the control log; false where there was none.
    pub fn unassign(&self, user: &UserId, role: Role, scope: &Scope, now: Millis) -> Result<bool, CountyError> {
        self.db.write(|w| {
            if !w.unassign(user, role, scope)? {
                return Ok(false);
            }
            let act = ControlAct::Unassign { user: user.clone(), role, scope: scope.clone() };
            control::append(w, &self.keys, now, act)?;
            Ok(true)
        })
    }

    /// A one-time code for one phone of a person. Without a role it is the one the person has.
    pub fn invite(
        &self,
        user: &UserId,
        role: Option<Role>,
        now: Millis,
        random: Random<'_>,
    ) -> Result<EnrolmentCode, CountyError> {
        let url = self.url()?;
        if url.is_empty() {
            return Err(CountyError::invalid(
                "还不知道手机用哪个地址连接：请用 --url 指明",
                "the address that phones reach this server at is not known yet: give it with --url",
            ));
        }
        let role = self.role_for(user, role)?;
        let mut secret = [0; 16];
        random(&mut secret);
        let code = EnrolmentCode { url, root: self.keys.root_pin(), identity: self.keys.identity_public(), secret };
        self.db.write(|w| {
            w.wipe_invites(now.plus(-Millis::DAY))?;
            Ok::<_, CountyError>(w.add_invite(code.invite(), &secret, (user, role), now.plus(INVITE_MS))?)
        })?;
        Ok(code)
    }

    fn role_for(&self, user: &UserId, role: Option<Role>) -> Result<Role, CountyError> {
        let person = self.person(user)?;
        let mut roles: Vec<Role> = person.assignments.iter().map(|(role, _)| *role).collect();
        roles.dedup();
        match (role, roles.as_slice()) {
            (Some(role), _) if roles.contains(&role) => Ok(role),
            (None, [role]) => Ok(*role),
            (None, [_, ..]) => {
                let list: Vec<_> = roles.iter().map(|role| format!("{role} {}", role.zh())).collect();
                Err(CountyError::invalid(
                    format!("{user} 有多个角色，请用 --role 选择：{}", list.join("、")),
                    format!("{user} has several roles, choose with --role: {}", list.join(", ")),
                ))
            }
            _ => Err(CountyError::invalid(
                format!("{user} 还没有分配网格：请先用 user assign 分配"),
                format!("{user} has no grid in that role yet: give one with user assign"),
            )),
        }
    }

    /// Takes a phone's right away, and says so in the control log.
    pub fn revoke(&self, device: &DeviceId, now: Millis) -> Result<(), CountyError> {
        self.db.write(|w| {
            if w.device(device)?.is_none() {
                return Err(CountyError::not_found(format!("没有手机 {device}"), format!("no phone {device}")));
            }
            if w.revoke(device, now)? {
                control::append(w, &self.keys, now, ControlAct::Revoke { device: *device })?;
            }
            Ok(())
        })
    }
    /// All phones, by owner.
    pub fn devices(&self) -> Result<Vec<Device>, CountyError> {
        let rows = self.db.read(|r| Ok::<_, CountyError>(r.devices()?))?;
        let plain = |row: crate::db::DeviceRow| Device {
            id: row.id,
            name: row.name,
            user: row.user,
            role: row.role,
            last_contact: row.last_contact,
            revoked_at: row.revoked_at,
        };
        Ok(rows.into_iter().map(plain).collect())
    }
    /// The buckets that a person may hold in a role.
    pub fn buckets_for(&self, user: &UserId, role: Role) -> Result<Vec<Bucket>, CountyError> {
        let audiences: &[Audience] = self.schema.audiences_of(role);
        let rows = self.db.read(|r| Ok::<_, CountyError>(r.buckets_for(user, role, audiences)?))?;
        Ok(rows.into_iter().map(|row| row.bucket).collect())
    }
}
