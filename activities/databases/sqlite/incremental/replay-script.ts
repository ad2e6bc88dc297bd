import type { ChainFile } from '../../chain/chain-format.ts';
import type { Chain } from './chain.ts';
import { PERL_PATCHER, PYTHON_PATCHER } from './script-patchers.ts';

/** `replay.sh` of a chain: makes the database by plain sqlite3, and zstd with perl or python3 where there are patches, for any POSIX shell. */
export function replayScript({ deltas, database, source }: Chain): string {
  const hasPatches = deltas.some(isPatch);
  return `#!/bin/sh
# Makes the database ${source} of base.db and the numbered files beside this one: sh replay.sh TARGET
set -eu
target=\${1:?sh replay.sh TARGET: where to, a file that is not there yet}
here=$(dirname -- "$0")
for file in "$target" "$target-wal" "$target-shm" "$target-journal"; do
  if [ -e "$file" ]; then echo "$file is there already" >&2; exit 1; fi
done
require() {
  if ! command -v "$1" > /dev/null; then echo "$2 is needed and not here: install it" >&2; exit 1; fi
}
${deltas.every(isPatch) ? '' : 'require sqlite3 sqlite3\n'}${hasPatches ? requirePatchTools : ''}umask 077
cp -- "$here/base.db" "$target"
replay() {
  cp -- "$here/$1" "$target-wal"
  sqlite3 -batch -bail -init /dev/null "$target" 'PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE);' > /dev/null
  rm -f -- "$target-wal" "$target-shm"
}
${hasPatches ? patchFunction : ''}${deltas.map((delta) => `${isPatch(delta) ? 'patch' : 'replay'} ${delta.name}\n`).join('')}sync
echo '${database.sha256}' | {
  read -r expected
  actual=$(sha256sum < "$target" | cut -d ' ' -f 1)
  if [ "$actual" != "$expected" ]; then echo "$target is not what was backed up: SHA-256 $actual" >&2; exit 1; fi
}
echo "$target is what was backed up"
`;
}

function isPatch({ name }: ChainFile): boolean {
  return name.endsWith('.zst');
}

const requirePatchTools = `require zstd zstd
if ! command -v perl > /dev/null; then require python3 'perl or python3'; fi
`;

const patchFunction = `with_perl() {
perl -e '
${PERL_PATCHER}' "$target" "$here/base.db"
}
with_python() {
python3 -c '
${PYTHON_PATCHER}' "$target" "$here/base.db"
}
patch() {
  if command -v perl > /dev/null; then by=with_perl; else by=with_python; fi
  zstd -q -d -c "$here/$1" | $by
}
`;
