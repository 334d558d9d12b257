//! Migrations: every released schema becomes today's, and a kill or a failure leaves one or the other.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{KEY, edit};
use crate::store::{Store, StoreError, open};

/// One database of each released version, with rows, as SQL text. A file here never changes once its version is out.
const RELEASED: &[&str] = &[
    include_str!("../../../tests/upgrade/v1.sql"),
    include_str!("../../../tests/upgrade/v2.sql"),
    include_str!("../../../tests/upgrade/v3.sql"),
    include_str!("../../../tests/upgrade/v4.sql"),
];

/// Makes a database of an old version.
fn old(dir: &Path, sql: &str, version: usize) -> Connection {
    let conn = keyed(dir);
    conn.execute_batch(sql).unwrap();
    conn.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
    conn
}

fn keyed(dir: &Path) -> Connection {
    open::connect(&dir.join(open::FILE), OpenFlags::default(), &KEY).unwrap()
}

/// Every table, column, index and constraint, without the layout of the SQL text.
fn schema(conn: &Connection) -> Vec<String> {
    let mut statement =
        conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
    statement
        .query_map([], |row| {
            let sql: Option<String> = row.get(3)?;
            let lines: Vec<_> = sql
                .iter()
                .flat_map(|sql| sql.lines())
                .map(|line| line.split("--").next().unwrap_or_default())
                .collect();
            let words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, words.join(" ")].join(" | "))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn version(conn: &Connection) -> u32 {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn fresh() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path(), &KEY).unwrap().close().unwrap();
    schema(&keyed(dir.path()))
}

#[test]
fn every_released_version_becomes_todays() {
    assert_eq!(RELEASED.len(), open::MIGRATIONS.len(), "a new migration comes with a database of its version");
    let fresh = fresh();
    for (number, sql) in (1..).zip(RELEASED) {
        let dir = tempfile::tempdir().unwrap();
        drop(old(dir.path(), sql, number));
        let store = Store::open(dir.path(), &KEY).unwrap();
        store.integrity().unwrap();
        store
            .read(|r| {
                let docs = r.docs_page(None, 10)?;
                assert_eq!(docs.len(), 2, "version {number}");
                let changes = r.changes(&docs[0].id)?;
                assert_eq!(changes.len(), 2);
                let envelope = changes[0].envelope.as_ref().expect("accepted");
                assert_eq!((envelope.author.0.as_str(), envelope.epoch), ("zhang.wei", 7));
                assert_eq!(changes[0].tag.map(|tag| tag.key), Some(1));
                assert_eq!(r.outbox(0, 1000)?.len(), 1);
                assert_eq!(r.refusals()?.len(), 1);
                assert_eq!(r.view(&docs[0].id.record)?.map(|view| view.title).as_deref(), Some("张三"));
                assert_eq!(r.cursors()?[0].seq, 12);
                assert_eq!(r.attention_count()?, 1);
                assert_eq!(r.meta("schema")?, Some(vec![1]));
                Ok(())
            })
            .unwrap();
        store.close().unwrap();
        let conn = keyed(dir.path());
        assert_eq!(schema(&conn), fresh, "version {number} upgraded");
        assert_eq!(version(&conn) as usize, open::MIGRATIONS.len());
    }
}

#[test]
fn released_migrations_are_never_edited() {
    for (number, sql) in (1..).zip(RELEASED) {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut migrated = keyed(dir.path());
        open::migrate(&mut migrated, &open::MIGRATIONS[..number]).unwrap();
        assert_eq!(
            schema(&migrated),
            schema(&old(other.path(), sql, number)),
            "migration {number} differs from its release"
        );
    }
}

#[test]
fn a_migration_is_whole_or_not_at_all() {
    let next = "ALTER TABLE views ADD COLUMN colour TEXT NOT NULL DEFAULT ''; \
        CREATE TABLE palette (colour TEXT NOT NULL PRIMARY KEY) STRICT; UPDATE views SET colour = 'red'; ";
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &KEY).unwrap();
    edit(&store, 1, 1);
    store.close().unwrap();
    let mut conn = keyed(dir.path());
    let before = schema(&conn);
    let broken = format!("{next} INSERT INTO nowhere (a) VALUES (1);");
    let mut with: Vec<&str> = open::MIGRATIONS.to_vec();
    with.push(&broken);
    assert!(matches!(open::migrate(&mut conn, &with), Err(StoreError::Sqlite(_))));
    assert_eq!((schema(&conn), version(&conn) as usize), (before, with.len() - 1), "nothing of it stayed");
    *with.last_mut().unwrap() = next;
    open::migrate(&mut conn, &with).unwrap();
    assert_eq!(version(&conn) as usize, with.len());
    let red: i64 = conn.query_row("SELECT count(*) FROM views WHERE colour = 'red'", [], |row| row.get(0)).unwrap();
    assert_eq!(red, 1);
    drop(conn);

    let known = open::MIGRATIONS.len() as u32;
    let bytes = std::fs::read(dir.path().join(open::FILE)).unwrap();
    assert_eq!(Store::open(dir.path(), &KEY).unwrap_err(), StoreError::Newer { found: known + 1, known });
    assert!(std::fs::read(dir.path().join(open::FILE)).unwrap() == bytes, "a newer file is left alone");
}
