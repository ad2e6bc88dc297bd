#!/bin/bash
# What a careful person writes with restic and plain tools: consistent copies at a constant path, which restic can compare with.
# Prune belongs to another hour.
set -euo pipefail
stage="$ROOT/stage"
trap 'rm -rf "$stage"' EXIT
rm -rf "$stage" && mkdir -p "$stage/config"
cp -p "$ROOT/data/config/.env" "$ROOT/data/tracker/etc/tracker.toml" "$stage/config/"
sqlite3 -cmd '.timeout 30000' "$ROOT/data/tracker/sqlite3.db" "VACUUM INTO '$stage/tracker.db'"
[ "$(sqlite3 "$stage/tracker.db" 'PRAGMA quick_check')" = ok ]
if [ -n "${MYSQL_HOST:-}" ]; then
    MYSQL_PWD="$MYSQL_PASSWORD" mysqldump -h "$MYSQL_HOST" -u "$MYSQL_USER" --single-transaction --quick --routines --events --triggers \
        --hex-blob --no-tablespaces --skip-dump-date "$MYSQL_DATABASE" > "$stage/tracker.sql"
    tail -n 1 "$stage/tracker.sql" | grep -q '^-- Dump completed'
fi
restic backup --host bench --tag nightly "$stage"
restic forget --host bench --tag nightly --keep-daily 7 --keep-weekly 4 --keep-monthly 12
