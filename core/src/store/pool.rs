//! The connections that read.

use std::{
    ops::{Deref, DerefMut},
    sync::{Condvar, Mutex, PoisonError},
};

use rusqlite::Connection;

/// A few connections, lent out one call at a time; who finds none waits.
pub(super) struct Pool {
    free: Mutex<Vec<Connection>>,
    back: Condvar,
}

impl Pool {
    pub fn new(connections: Vec<Connection>) -> Self {
        Self { free: Mutex::new(connections), back: Condvar::new() }
    }

    pub fn take(&self) -> Lent<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.back.wait_while(free, |free| free.is_empty()).unwrap_or_else(PoisonError::into_inner);
        let conn = free.pop().expect("waited until there is one");
        Lent { pool: self, conn: Some(conn) }
    }

    /// All of them; nobody may have one on loan.
    pub fn into_inner(self) -> Vec<Connection> {
        self.free.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One on loan; it goes back when dropped, in a panic too.
pub(super) struct Lent<'p> {
    pool: &'p Pool,
    conn: Option<Connection>,
}

const HELD: &str = "held until dropped";

impl Deref for Lent<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn.as_ref().expect(HELD)
    }
}
impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.conn.as_mut().expect(HELD)
    }
}
impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).extend(self.conn.take());
        self.pool.back.notify_one();
    }
}
