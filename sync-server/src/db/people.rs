//! Accounts, assignments, phones, invitations, nonces and hints.

use wangge_core::{
    model::{DeviceId, Millis, Role, Scope, UserId},
    sync::wire::Cursor,
};

use super::{
    DbError, DeviceRow, InviteRow, Reader, Result, UserRow, Writer,
    rows::{device, maybe_millis, millis, role, role_number, scope, user},
};

impl Reader<'_> {
    /// A person.
    pub fn user(&self, id: &UserId) -> Result<Option<UserRow>> {
        self.one("SELECT id, name, admin FROM users WHERE id = ?1", [&id.0], |row| {
            Ok(UserRow { id: user(row, 0)?, name: row.get(1)?, admin: row.get(2)? })
        })
    }
    /// The stored form of a person's password.
    pub fn password(&self, id: &UserId) -> Result<Option<String>> {
        self.one("SELECT password FROM users WHERE id = ?1", [&id.0], |row| row.get(0))
    }
    /// The name of a grid.
    pub fn region(&self, code: &Scope) -> Result<Option<String>> {
        self.one("SELECT name FROM regions WHERE code = ?1", [&code.0], |row| row.get(0))
    }
    /// All grids with their names.
    pub fn regions(&self) -> Result<Vec<(Scope, String)>> {
        self.all("SELECT code, name FROM regions ORDER BY code", [], |row| Ok((scope(row, 0)?, row.get(1)?)))
    }
    /// Where a person works in a role.
    pub fn scopes(&self, id: &UserId, role: Role) -> Result<Vec<Scope>> {
        self.all(
            "SELECT scope FROM assignments WHERE user = ?1 AND role = ?2 ORDER BY scope",
            (&id.0, role_number(role)),
            |row| scope(row, 0),
        )
    }
    /// Roles in which a person works anywhere.
    pub fn roles(&self, id: &UserId) -> Result<Vec<Role>> {
        self.all("SELECT DISTINCT role FROM assignments WHERE user = ?1 ORDER BY role", [&id.0], |row| role(row, 0))
    }
    /// A phone.
    pub fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>> {
        Ok(self.devices_where("WHERE id = ?1", [id.0])?.pop())
    }
    /// All phones.
    pub fn devices(&self) -> Result<Vec<DeviceRow>> {
        self.devices_where("ORDER BY user, enrolled_at, id", [])
    }
    fn devices_where(&self, tail: &'static str, params: impl rusqlite::Params) -> Result<Vec<DeviceRow>> {
        let sql = format!("SELECT id, public_key, name, user, role, last_contact, revoked_at FROM devices {tail}");
        self.all(&sql, params, |row| {
            Ok(DeviceRow {
                id: device(row, 0)?,
                public_key: row.get(1)?,
                name: row.get(2)?,
                user: user(row, 3)?,
                role: role(row, 4)?,
                last_contact: millis(row, 5)?,
                revoked_at: maybe_millis(row, 6)?,
            })
        })
    }
    /// An invitation.
    pub fn invite(&self, id: [u8; 8]) -> Result<Option<InviteRow>> {
        self.one("SELECT secret, user, role, expires, failures, device FROM invites WHERE id = ?1", [id], |row| {
            Ok(InviteRow {
                secret: row.get(0)?,
                user: user(row, 1)?,
                role: role(row, 2)?,
                expires: millis(row, 3)?,
                failures: row.get(4)?,
                device: row.get::<_, Option<[u8; 16]>>(5)?.map(DeviceId),
            })
        })
    }
    /// Whether a device has used a nonce.
    pub fn nonce_used(&self, id: &DeviceId, nonce: &[u8; 16]) -> Result<bool> {
        let sql = "SELECT 1 FROM nonces WHERE device = ?1 AND nonce = ?2";
        Ok(self.one(sql, (id.0, nonce), |_| Ok(()))?.is_some())
    }
    /// The vector that a root stands for, if it is one of the two that the device may come back with.
    pub fn hint(&self, id: &DeviceId, root: &[u8; 32]) -> Result<Option<Vec<Cursor>>> {
        let sql = "SELECT vector FROM hints WHERE device = ?1 AND root = ?2 ORDER BY slot LIMIT 1";
        let bytes: Option<Vec<u8>> = self.one(sql, (id.0, root), |row| row.get(0))?;
        bytes.map(|b| minicbor::decode(&b).map_err(|_| DbError::Damaged("hint".to_owned()))).transpose()
    }
    /// The roots of both slots.
    pub fn hint_roots(&self, id: &DeviceId) -> Result<Vec<[u8; 32]>> {
        self.all("SELECT root FROM hints WHERE device = ?1 ORDER BY slot", [id.0], |row| row.get(0))
    }
}

impl Writer<'_> {
    /// Adds a person or renames one.
    pub fn put_user(&mut self, id: &UserId, name: &str, now: Millis) -> Result<()> {
        self.run(
            "INSERT INTO users (id, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET name = ?2",
            (&id.0, name, now.0),
        )?;
        Ok(())
    }
    /// Makes a person an administrator who signs in with this password.
    pub fn set_admin(&mut self, id: &UserId, password: &str) -> Result<()> {
        self.run("UPDATE users SET admin = 1, password = ?2 WHERE id = ?1", (&id.0, password))?;
        Ok(())
    }
    /// Adds a grid or renames it; an empty name keeps the one it has.
    pub fn put_region(&mut self, code: &Scope, name: &str) -> Result<()> {
        self.run(
            "INSERT INTO regions (code, name) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET name = CASE WHEN ?2 = '' THEN name ELSE ?2 END",
            (&code.0, name),
        )?;
        Ok(())
    }
    /// Adds an assignment; false where it was there.
    pub fn assign(&mut self, id: &UserId, role: Role, scope: &Scope) -> Result<bool> {
        let sql = "INSERT INTO assignments (user, role, scope) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        Ok(self.run(sql, (&id.0, role_number(role), &scope.0))? == 1)
    }
    /// Removes an assignment; false where there was none.
    pub fn unassign(&mut self, id: &UserId, role: Role, scope: &Scope) -> Result<bool> {
        let sql = "DELETE FROM assignments WHERE user = ?1 AND role = ?2 AND scope = ?3";
        Ok(self.run(sql, (&id.0, role_number(role), &scope.0))? == 1)
    }
    /// Adds a phone.
    pub fn add_device(&mut self, row: &DeviceRow) -> Result<()> {
        self.run(
            "INSERT INTO devices (id, public_key, name, user, role, enrolled_at, last_contact)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            (row.id.0, &row.public_key, &row.name, &row.user.0, role_number(row.role), row.last_contact.0),
        )?;
        Ok(())
    }
    /// Takes a phone's right away; false where it is unknown or had none.
    pub fn revoke(&mut self, id: &DeviceId, now: Millis) -> Result<bool> {
        let sql = "UPDATE devices SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        Ok(self.run(sql, (id.0, now.0))? == 1)
    }
    /// Notes a verified request; the time never goes back. False where the nonce was used before.
    pub fn contact(&mut self, id: &DeviceId, nonce: &[u8; 16], now: Millis) -> Result<bool> {
        let sql = "INSERT INTO nonces (device, nonce, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        if self.run(sql, (id.0, nonce, now.0))? == 0 {
            return Ok(false);
        }
        self.run("UPDATE devices SET last_contact = max(last_contact, ?2) WHERE id = ?1", (id.0, now.0))?;
        Ok(true)
    }
    /// Forgets nonces used before a time.
    pub fn prune_nonces(&mut self, before: Millis) -> Result<()> {
        self.run("DELETE FROM nonces WHERE at < ?1", [before.0])?;
        Ok(())
    }
    /// Remembers the vectors that a device may come back with, newest first.
    pub fn set_hints(&mut self, id: &DeviceId, slots: &[([u8; 32], &[Cursor])]) -> Result<()> {
        for (slot, (root, vector)) in slots.iter().enumerate() {
            let bytes = minicbor::to_vec(vector).expect("encoding into memory cannot fail");
            self.run(
                "INSERT INTO hints (device, slot, root, vector) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET root = ?3, vector = ?4",
                (id.0, slot as i64, root, bytes),
            )?;
        }
        Ok(())
    }
    /// Adds an invitation.
    pub fn add_invite(&mut self, id: [u8; 8], secret: &[u8; 16], to: (&UserId, Role), expires: Millis) -> Result<()> {
        self.run(
            "INSERT INTO invites (id, secret, user, role, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            (id, secret, &to.0.0, role_number(to.1), expires.0),
        )?;
        Ok(())
    }
    /// Counts a wrong proof.
    pub fn invite_failed(&mut self, id: [u8; 8]) -> Result<()> {
        self.run("UPDATE invites SET failures = failures + 1 WHERE id = ?1", [id])?;
        Ok(())
    }
    /// Uses an invitation up.
    pub fn use_invite(&mut self, id: [u8; 8], by: &DeviceId) -> Result<()> {
        self.run("UPDATE invites SET device = ?2 WHERE id = ?1", (id, by.0))?;
        Ok(())
    }
    /// Wipes the secrets of invitations that are over.
    pub fn wipe_invites(&mut self, expired_before: Millis) -> Result<()> {
        self.run("UPDATE invites SET secret = x'' WHERE expires < ?1 AND secret <> x''", [expired_before.0])?;
        Ok(())
    }
}
