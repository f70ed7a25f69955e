//! Rows of the file, to and from, each with its checksum.
//!
//! SQLite checks the structure of its file, not its content; the checksum finds a flipped bit in a value. It begins with a
//! [`Seal`], so that it finds a row of another database too: SQLite takes over whatever a write-ahead log beside the file
//! holds, also one that belongs to another file.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params};

use crate::contract::LeaseId;

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) revision: u64,
    pub(super) key: Vec<u8>,
    /// `None` is a deletion.
    pub(super) put: Option<Put>,
}

/// What a row writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) value: Arc<[u8]>,
    pub(super) created: u64,
    pub(super) lease: Option<LeaseId>,
}

/// The one row about the database itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) cluster_id: String,
    pub(super) generation: u64,
    pub(super) compacted: u64,
    pub(super) next_lease: u64,
}

/// What every checksum of a database begins with: whose rows these are. A restore is another generation.
#[derive(Clone, Debug)]
pub(super) struct Seal(Sum);

impl Seal {
    pub(super) fn new(cluster_id: &str, generation: u64) -> Self {
        let mut sum = Sum::default();
        sum.bytes(cluster_id.as_bytes()).number(generation);
        Self(sum)
    }

    /// Whether a row with this checksum is one of this database. `sum` reckons on from what it is given.
    fn fits(&self, found: i64, sum: impl Fn(Sum) -> i64) -> bool {
        // Databases that were written before there were seals have rows without.
        found == sum(self.0.clone()) || found == sum(Sum::default())
    }
}

/// What is wrong with a row, for people.
pub(super) type Wrong = String;

impl Row {
    pub(super) fn insert(&self, connection: &Connection, seal: &Seal) -> rusqlite::Result<()> {
        let put = self.put.as_ref();
        let mut insert = connection.prepare_cached(
            "INSERT INTO log (id, revision, key, value, created, lease, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        insert.execute(params![
            self.id,
            self.revision.cast_signed(),
            Readable(&self.key),
            put.map(|put| Readable(&put.value)),
            put.map(|put| put.created.cast_signed()),
            put.and_then(|put| put.lease).map(|lease| lease.0.cast_signed()),
            self.checksum(seal.0.clone()),
        ])?;
        Ok(())
    }

    /// Every row of the log in order. The outer error is SQLite's, the inner one the content's.
    pub(super) fn load_all(
        connection: &Connection,
        seal: &Seal,
    ) -> rusqlite::Result<Result<Vec<Self>, Wrong>> {
        let mut select = connection
            .prepare("SELECT id, revision, key, value, created, lease, checksum FROM log ORDER BY id")?;
        let mut found = select.query(())?;
        let mut rows = Vec::new();
        while let Some(columns) = found.next()? {
            let id: i64 = columns.get(0)?;
            let wrong = |what: &str| Ok(Err(format!("row {id} of its log {what}")));
            let created: Option<i64> = columns.get(4)?;
            let Some(key) = bytes(columns.get_ref(2)?) else { return wrong("has a key that is no text") };
            let put = match (columns.get_ref(3)?, created) {
                (ValueRef::Null, _) => None,
                (value, Some(created)) => {
                    let Some(value) = bytes(value) else { return wrong("has a value that is no text") };
                    let lease = columns.get::<_, Option<i64>>(5)?.map(|lease| LeaseId(lease.cast_unsigned()));
                    Some(Put { value: value.into(), created: created.cast_unsigned(), lease })
                }
                _ => return wrong("lacks its create revision"),
            };
            let row = Self { id, revision: columns.get::<_, i64>(1)?.cast_unsigned(), key, put };
            if !seal.fits(columns.get(6)?, |sum| row.checksum(sum)) {
                return wrong("does not match its checksum");
            }
            rows.push(row);
        }
        Ok(Ok(rows))
    }

    fn checksum(&self, mut sum: Sum) -> i64 {
        sum.number(self.id.cast_unsigned()).number(self.revision).bytes(&self.key);
        if let Some(put) = &self.put {
            sum.bytes(&put.value).number(put.created).number(put.lease.map_or(0, |lease| lease.0));
        }
        sum.done()
    }
}

impl Meta {
    pub(super) fn seal(&self) -> Seal {
        Seal::new(&self.cluster_id, self.generation)
    }

    pub(super) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { cluster_id, generation, compacted, next_lease } = self;
        connection.execute(
            "INSERT INTO meta (id, cluster_id, generation, compacted, next_lease, checksum)
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            params![
                cluster_id,
                generation.cast_signed(),
                compacted.cast_signed(),
                next_lease.cast_signed(),
                self.checksum()
            ],
        )?;
        Ok(())
    }

    pub(super) fn update(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection
            .prepare_cached("UPDATE meta SET compacted = ?1, next_lease = ?2, checksum = ?3 WHERE id = 1")?;
        update.execute(params![
            self.compacted.cast_signed(),
            self.next_lease.cast_signed(),
            self.checksum()
        ])?;
        Ok(())
    }

    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Result<Self, Wrong>> {
        let mut select =
            connection.prepare("SELECT cluster_id, generation, compacted, next_lease, checksum FROM meta")?;
        let mut found = select.query(())?;
        let Some(columns) = found.next()? else { return Ok(Err("its meta table is empty".to_owned())) };
        let number = |index| columns.get::<_, i64>(index).map(i64::cast_unsigned);
        let meta = Self {
            cluster_id: columns.get(0)?,
            generation: number(1)?,
            compacted: number(2)?,
            next_lease: number(3)?,
        };
        if columns.get::<_, i64>(4)? != meta.checksum() {
            return Ok(Err("its meta row does not match its checksum".to_owned()));
        }
        Ok(Ok(meta))
    }

    fn checksum(&self) -> i64 {
        let mut sum = Sum::default();
        sum.bytes(self.cluster_id.as_bytes())
            .number(self.generation)
            .number(self.compacted)
            .number(self.next_lease);
        sum.done()
    }
}

pub(super) fn insert_lease(
    connection: &Connection,
    seal: &Seal,
    lease: LeaseId,
    ttl: Duration,
) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO lease (id, ttl_ms, checksum) VALUES (?1, ?2, ?3)")?;
    let ttl_ms = ttl_ms(ttl);
    let checksum = lease_checksum(seal.0.clone(), lease, ttl_ms);
    insert.execute(params![lease.0.cast_signed(), ttl_ms.cast_signed(), checksum])?;
    Ok(())
}

pub(super) fn load_leases(
    connection: &Connection,
    seal: &Seal,
) -> rusqlite::Result<Result<Vec<(LeaseId, Duration)>, Wrong>> {
    let mut select = connection.prepare("SELECT id, ttl_ms, checksum FROM lease ORDER BY id")?;
    let mut found = select.query(())?;
    let mut leases = Vec::new();
    while let Some(columns) = found.next()? {
        let lease = LeaseId(columns.get::<_, i64>(0)?.cast_unsigned());
        let ttl_ms = columns.get::<_, i64>(1)?.cast_unsigned();
        if !seal.fits(columns.get(2)?, |sum| lease_checksum(sum, lease, ttl_ms)) {
            return Ok(Err(format!("lease {lease} does not match its checksum")));
        }
        leases.push((lease, Duration::from_millis(ttl_ms)));
    }
    Ok(Ok(leases))
}

/// Milliseconds, rounded up: a lease's time is a lower bound, and never becomes zero.
fn ttl_ms(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn lease_checksum(mut sum: Sum, lease: LeaseId, ttl_ms: u64) -> i64 {
    sum.number(lease.0).number(ttl_ms).done()
}

/// Bytes as SQLite shall keep them: text where a person can read it.
struct Readable<'a>(&'a [u8]);

impl ToSql for Readable<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // A NUL would end the text for most tools.
        let text = std::str::from_utf8(self.0).ok().filter(|text| !text.contains('\0'));
        Ok(ToSqlOutput::Borrowed(text.map_or(ValueRef::Blob(self.0), ValueRef::from)))
    }
}

fn bytes(column: ValueRef<'_>) -> Option<Vec<u8>> {
    match column {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}

/// CRC-32 of parts, each with its length, so that no two rows share a sum by moving a border.
#[derive(Clone, Debug, Default)]
struct Sum(crc32fast::Hasher);

impl Sum {
    fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
        self
    }

    fn done(&mut self) -> i64 {
        i64::from(self.0.clone().finalize())
    }
}
