"""A tracker's database under load: commits at a steady rate and measures each commit.

usage: sqlite-writer.py DATABASE COMMITS_PER_SECOND

Each line on standard input is answered by one line of JSON: commits so far, the slowest commit so far, and the slowest one since
the last answer, in milliseconds. At the end of the input it answers once more and ends.

Each commit adds 1 to a torrent's `completed` and 1 to the total in `metrics`, and every tenth adds a torrent, so that in every
consistent copy sum(torrents.completed) = metrics.total and count(torrents) = metrics.torrents.
"""

import json
import os
import random
import sqlite3
import sys
import threading
import time

path, rate = sys.argv[1], float(sys.argv[2])
lock = threading.Lock()
state = {"commits": 0, "slowest_ms": 0.0, "slowest_since_ms": 0.0}
ended = threading.Event()


def answer():
    with lock:
        print(json.dumps(state), flush=True)
        state["slowest_since_ms"] = 0.0


def listen():
    for _ in sys.stdin:
        answer()
    ended.set()


def commit(database, number, rows):
    started = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE torrents SET completed = completed + 1 WHERE id = ?", (random.randint(1, rows),))
    database.execute("UPDATE metrics SET value = value + 1 WHERE name = 'total'")
    if number % 10 == 0:
        database.execute("INSERT INTO torrents (info_hash, completed) VALUES (?, 0)", (os.urandom(20),))
        database.execute("UPDATE metrics SET value = value + 1 WHERE name = 'torrents'")
    database.execute("COMMIT")
    return (time.perf_counter() - started) * 1000


def main():
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    rows = database.execute("SELECT max(id) FROM torrents").fetchone()[0]
    threading.Thread(target=listen, daemon=True).start()
    due = time.perf_counter()
    while not ended.is_set():
        took = commit(database, state["commits"] + 1, rows)
        with lock:
            state["commits"] += 1
            state["slowest_ms"] = max(state["slowest_ms"], took)
            state["slowest_since_ms"] = max(state["slowest_since_ms"], took)
        due = max(due + 1 / rate, time.perf_counter() - 0.1)
        time.sleep(max(0.0, due - time.perf_counter()))
    database.close()
    answer()


main()
