#!/bin/bash
# What people run who do not know better: restic on the files of the SQLite database as they lie there, also while they are written to.
# What it stores of a database in use may be torn.
set -e

rm -f "$ROOT"/dumps/*
if [ -n "$MYSQL_HOST" ]; then
    mysqldump --single-transaction -h "$MYSQL_HOST" -u "$MYSQL_USER" -p"$MYSQL_PASSWORD" \
        "$MYSQL_DATABASE" > "$ROOT/dumps/mysql.sql"
fi

cd "$ROOT/data/"
restic backup . "$ROOT/dumps"
restic forget --keep-daily 7 --keep-weekly 4 --keep-monthly 12
