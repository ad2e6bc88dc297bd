#!/bin/bash
# The other script that people write: everything into a directory with the time in its name, tar.gz, restic of the archive.
# $ROOT stands before each directory, MySQL is dumped besides, and there are fewer files of configuration to copy. Nothing else is different.
set -e

TIMESTAMP=$(date +%Y%m%d_%H%M%S)
STAGING_DIR="$ROOT/backups/${TIMESTAMP}"

mkdir -p "$STAGING_DIR/config"
cp "$ROOT/data/config/.env" "$STAGING_DIR/config/"
cp "$ROOT/data/tracker/etc/tracker.toml" "$STAGING_DIR/config/"

sqlite3 "$ROOT/data/tracker/sqlite3.db" ".backup '$STAGING_DIR/tracker.db'"
if [ -n "$MYSQL_HOST" ]; then
    mysqldump --single-transaction -h "$MYSQL_HOST" -u "$MYSQL_USER" -p"$MYSQL_PASSWORD" \
        "$MYSQL_DATABASE" > "$STAGING_DIR/tracker.sql"
fi

cd "$ROOT/backups"
tar -czf "backup_${TIMESTAMP}.tar.gz" "$TIMESTAMP"
rm -rf "$TIMESTAMP"

restic backup "$ROOT/backups/backup_${TIMESTAMP}.tar.gz" --tag "complete-backup"
restic forget --prune --keep-daily 7 --keep-weekly 4 --keep-monthly 12
find "$ROOT/backups" -name "backup_*.tar.gz" -mtime +7 -delete
