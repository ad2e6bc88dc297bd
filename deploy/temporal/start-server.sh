#!/bin/sh
# Starts the Temporal server with the password that it can only take from its environment. It stands in no other container's,
# and neither in `docker inspect`.
set -eu
POSTGRES_PWD=$(cat "${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres-password}")
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
