#!/bin/sh
# Brings the databases `temporal` and `temporal_visibility` to the schema of this image's version, from nothing or from an older
# version. Safe to run at each start: it changes nothing that is up to date.
set -eu
SQL_PASSWORD=$(cat "${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres-password}")
export SQL_PASSWORD
schemas=${SCHEMA_DIRECTORY:-/etc/temporal/schema/postgresql/v12}

prepare() {
  database=$1
  versions=$2
  # Succeeds also when the database is there (temporal-sql-tool 1.32).
  temporal-sql-tool --db "$database" create
  if output=$(temporal-sql-tool --db "$database" update-schema --schema-dir "$versions" 2>&1); then
    echo "$database: schema is up to date"
    return
  fi
  case $output in
    # Only an empty database lacks this table. `setup-schema` on any other would set its version back to 0.0.
    *schema_version*'does not exist'*)
      temporal-sql-tool --db "$database" setup-schema --version 0.0
      temporal-sql-tool --db "$database" update-schema --schema-dir "$versions"
      echo "$database: schema is new"
      ;;
    *)
      echo "$database: the schema could not be updated:" >&2
      echo "$output" >&2
      exit 1
      ;;
  esac
}

prepare temporal "$schemas/temporal/versioned"
prepare temporal_visibility "$schemas/visibility/versioned"
