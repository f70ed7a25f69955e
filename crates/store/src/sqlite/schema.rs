//! The tables. One log, appended to; the newest row of a key is what the key is.
//!
//! A commit touches the last page of the log and nothing else: that is why there is no table of current values
//! and no index. What is there now is kept in memory, and shown to people by the views.

/// "MNST", in the header of the file, so that `file` and we can tell it from any other database.
pub(super) const APPLICATION_ID: i64 = 0x4d4e_5354;
/// The version of the tables below. A change to them is a new version.
pub(super) const SCHEMA_VERSION: i64 = 1;

/// Every object of the schema, by name, with the text that SQLite keeps of it.
pub(super) const OBJECTS: &[(&str, &str)] = &[
    (
        "current",
        r"CREATE VIEW current AS
    -- What is there now.
    SELECT key, value, revision, created, lease FROM (SELECT *, max(id) FROM log GROUP BY key)
    WHERE value IS NOT NULL ORDER BY key",
    ),
    (
        "lease",
        r"CREATE TABLE lease (
    id INTEGER PRIMARY KEY,
    ttl_ms INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT",
    ),
    (
        "log",
        r"CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,  -- the transaction
    key ANY NOT NULL,           -- text where it is UTF-8, else a blob
    value ANY,                  -- likewise; NULL is a deletion
    created INTEGER,            -- the transaction that made the key
    lease INTEGER,              -- the lease whose end deletes the key
    checksum INTEGER NOT NULL   -- CRC-32 of all that
) STRICT",
    ),
    (
        "meta",
        r"CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cluster_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    compacted INTEGER NOT NULL,   -- the last revision whose history is gone
    next_lease INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT",
    ),
    (
        "registry",
        r"CREATE VIEW registry AS
    -- The cluster registry as it is now.
    SELECT substr(key, 10) AS place, json_extract(value, '$.name') AS name,
        json_extract(value, '$.type') AS type, json_extract(value, '$.data') AS data,
        datetime(json_extract(value, '$.written') / 1000, 'unixepoch') AS written
    FROM current WHERE key >= 'registry\' AND key < 'registry]' ORDER BY key",
    ),
];
