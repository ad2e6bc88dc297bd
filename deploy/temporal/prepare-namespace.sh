#!/bin/sh
# Makes the namespace exist and keep what has ended for RETENTION. Safe to run at each start.
set -eu

# retry WHAT COMMAND...: for at most a minute.
retry() {
  what=$1
  shift
  attempt=0
  until "$@"; do
    attempt=$((attempt + 1))
    if [ "$attempt" -ge 30 ]; then
      echo "$what did not succeed within a minute at $TEMPORAL_ADDRESS: docker compose logs temporal-server" >&2
      exit 1
    fi
    sleep 2
  done
}

retry 'the health check' temporal operator cluster health
if ! temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$NAMESPACE" --retention "$RETENTION"
fi
# A new namespace is known everywhere after some seconds only. A worker that came earlier would be refused.
retry 'the update of the namespace' temporal operator namespace update --namespace "$NAMESPACE" --retention "$RETENTION"
