import type { Chain } from './chain.ts';

/** `replay.sh` of a chain: makes the database by plain sqlite3, for any POSIX shell. */
export function replayScript({ deltas, database, source }: Chain): string {
  return `#!/bin/sh
# Makes the database ${source} of base.db and the numbered logs beside this file: sh replay.sh TARGET
set -eu
target=\${1:?sh replay.sh TARGET: where to, a file that is not there yet}
here=$(dirname -- "$0")
for file in "$target" "$target-wal" "$target-shm" "$target-journal"; do
  if [ -e "$file" ]; then echo "$file is there already" >&2; exit 1; fi
done
umask 077
cp -- "$here/base.db" "$target"
for log in ${deltas.map(({ name }) => name).join(' ')}; do
  cp -- "$here/$log" "$target-wal"
  sqlite3 -batch -bail -init /dev/null "$target" 'PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE);' > /dev/null
  rm -f -- "$target-wal" "$target-shm"
done
sync
echo '${database.sha256}' | {
  read -r expected
  actual=$(sha256sum < "$target" | cut -d ' ' -f 1)
  if [ "$actual" != "$expected" ]; then echo "$target is not what was backed up: SHA-256 $actual" >&2; exit 1; fi
}
echo "$target is what was backed up"
`;
}
