"""A tracker's SQLite database of any size, and days of work on it: the same bytes for the same seed.

usage: sqlite-work.py create DATABASE BYTES SEED
       sqlite-work.py work DATABASE PATTERN SEED

Tables as a tracker has them, and the `metrics` that test/support/sqlite-writer.py counts in. Prints the number of torrents.
"""

import os
import random
import sqlite3
import sys

# Measured: bytes of file per torrent, of which more than a half is the index on info_hash.
BYTES_PER_TORRENT = 65
HASH_BYTES = 20
BATCH = 100_000
# Of the last quarter of the torrents, by the first byte of their hashes: each works on a 16th of the index alone, which fits into memory.
SLICES = 16
CACHE_KIB = 1_000_000

INSERT_ALL = """
    WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?1)
    INSERT INTO torrents (info_hash, completed)
    SELECT substr(?2, 1 + n * 20, 20), (((?3 + n) * 2654435761 & 4294967295) >> 9) % 1000 FROM number
"""


def connect(path):
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    database.execute("PRAGMA synchronous = NORMAL")
    return database


def insert(database, count, chance, leading=range(256)):
    """Adds torrents whose hashes begin with one of the bytes of `leading`, in transactions short enough for other writers."""
    choose = bytes(leading[byte % len(leading)] for byte in range(256))
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        hashes = bytearray(chance.randbytes(size * HASH_BYTES))
        hashes[::HASH_BYTES] = hashes[::HASH_BYTES].translate(choose)
        database.execute("BEGIN IMMEDIATE")
        database.execute(INSERT_ALL, (size, bytes(hashes), chance.randrange(1 << 30)))
        database.execute("UPDATE metrics SET value = value + ? WHERE name = 'torrents'", (size,))
        database.execute("COMMIT")


def update(database, count, chance):
    """Counts a completed download in `count` torrents anywhere in the table."""
    highest = database.execute("SELECT max(id) FROM torrents").fetchone()[0]
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        ids = sorted(chance.randint(1, highest) for _ in range(size))
        database.execute("BEGIN IMMEDIATE")
        database.executemany("UPDATE torrents SET completed = completed + 1 WHERE id = ?", ((i,) for i in ids))
        database.execute("UPDATE metrics SET value = value + ? WHERE name = 'total'", (size,))
        database.execute("COMMIT")


def create(path, size, chance):
    rows = int(size) // BYTES_PER_TORRENT
    database = connect(path)
    database.execute("PRAGMA page_size = 4096")
    # A half-made database is of no use to anyone: it is made anew.
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript("""
        CREATE TABLE torrents (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL, completed INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE whitelist (id INTEGER PRIMARY KEY, info_hash BLOB NOT NULL UNIQUE);
        CREATE TABLE keys (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, valid_until INTEGER);
        CREATE TABLE metrics (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO metrics VALUES ('total', 0), ('torrents', 0);
    """)
    database.executemany("INSERT INTO keys (key) VALUES (?)", ((chance.randbytes(16).hex(),) for _ in range(1000)))
    # Three quarters in one go, which is fast; the rest one by one into the index, so that its pages have splits as those of a tracker.
    last = rows // 4 // SLICES
    insert(database, rows - last * SLICES, chance)
    database.execute("CREATE UNIQUE INDEX torrents_info_hash ON torrents (info_hash)")
    for part in range(SLICES):
        insert(database, last, chance, range(part * 256 // SLICES, (part + 1) * 256 // SLICES))
    database.execute("PRAGMA journal_mode = WAL")
    return database


def work(path, pattern, chance):
    database = connect(path)
    rows = database.execute("SELECT value FROM metrics WHERE name = 'torrents'").fetchone()[0]
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    days = {
        "unchanged": (0, 0),
        "pages-0.2": (pages * 0.002, 0),
        "pages-2": (pages * 0.02, 0),
        "inserts-2": (0, rows * 0.02),
        "tracker-like": (rows * 0.002, rows * 0.005),
    }
    updates, inserts = days[pattern]
    update(database, int(updates), chance)
    insert(database, int(inserts), chance)
    return database


def main():
    action, path, subject, seed = sys.argv[1:]
    chance = random.Random(seed)
    database = create(path, subject, chance) if action == "create" else work(path, subject, chance)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(database.execute("SELECT value FROM metrics WHERE name = 'torrents'").fetchone()[0])
    # What lies in memory alone would be written to the disk while backups are measured.
    with open(path, "rb") as file:
        os.fsync(file)


main()
