#!/bin/bash
# The first script that people write, as it stands in many notes: dumps into one directory, restic, forget --prune, sleep.
# $ROOT stands before each directory and it tells less of what it does, nothing else is different; the bench ends it at its `sleep`.
set -e

BACKUP_INTERVAL=${BACKUP_INTERVAL:-21600}

restic snapshots 2>/dev/null || restic init

while true; do
    if [ -f "$ROOT/data/tracker/sqlite3.db" ]; then
        sqlite3 "$ROOT/data/tracker/sqlite3.db" ".backup $ROOT/dumps/tracker.db"
    fi
    if [ -n "$MYSQL_HOST" ]; then
        mysqldump -h "$MYSQL_HOST" -u "$MYSQL_USER" -p"$MYSQL_PASSWORD" \
            "$MYSQL_DATABASE" > "$ROOT/dumps/mysql.sql"
    fi
    restic backup "$ROOT/dumps" \
        --tag torrust \
        --tag "$(date +%Y-%m-%d)"
    restic forget \
        --keep-daily 7 \
        --keep-weekly 4 \
        --keep-monthly 6 \
        --prune
    rm -f "$ROOT"/dumps/*
    if [ "$(date +%u)" = "1" ]; then
        restic check
    fi
    sleep "$BACKUP_INTERVAL"
done
