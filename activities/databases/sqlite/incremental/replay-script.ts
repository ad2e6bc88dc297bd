import type { ChainFile } from '../../chain/chain-format.ts';
import { type Chain, chainFiles } from './chain.ts';
import { PERL_DIGEST, PYTHON_DIGEST } from './script-digests.ts';
import { PERL_PATCHER, PYTHON_PATCHER } from './script-patchers.ts';

/**
 * `replay.sh` of a chain, for any POSIX shell: makes the database by sqlite3, or by zstd with perl or python3 where there are patches, and
 * compares it. What takes neither perl with Digest::SHA nor python3 compares the files of the chain instead.
 */
export function replayScript(chain: Chain): string {
  const { deltas, source } = chain;
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
${deltas.every(isPatch) ? '' : 'require sqlite3 sqlite3\n'}${hasPatches ? 'require zstd zstd\n' : ''}compares=pages
language=perl
if ! perl -MDigest::SHA -e 1 2> /dev/null; then
  if command -v python3 > /dev/null; then language=python3; else compares=files; fi
fi
run() {
  if [ $language = perl ]; then perl -e "$1" "$3" "$4"; else python3 -c "$2" "$3" "$4"; fi
}
${hasPatches ? patchFunction : ''}${fileComparison(chain)}umask 077
cp -- "$here/base.db" "$target"
replay() {
  cp -- "$here/$1" "$target-wal"
  sqlite3 -batch -bail -init /dev/null "$target" 'PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE);' > /dev/null
  rm -f -- "$target-wal" "$target-shm"
}
${deltas.map((delta) => `${isPatch(delta) ? 'patch' : 'replay'} ${delta.name}\n`).join('')}sync
if [ $compares = files ]; then echo "$target is made of what was backed up"; exit; fi
${pageComparison(chain)}echo "$target is what was backed up"
`;
}

function isPatch({ name }: ChainFile): boolean {
  return name.endsWith('.zst');
}

const patchFunction = `if [ $language = perl ]; then require perl 'perl or python3'; fi
patch() {
  zstd -q -d -c "$here/$1" | run '
${PERL_PATCHER}' '
${PYTHON_PATCHER}' "$target" "$here/base.db"
}
`;

function fileComparison(chain: Chain): string {
  return `compare() {
  actual=$(sha256sum < "$here/$1" | cut -d ' ' -f 1)
  if [ "$actual" != "$2" ]; then echo "$here/$1 is not what was backed up: SHA-256 $actual" >&2; exit 1; fi
}
if [ $compares = files ]; then
${chainFiles(chain)
  .map(({ name, sha256 }) => `  compare ${name} ${sha256}\n`)
  .join('')}fi
`;
}

function pageComparison({ database, page_size: pageSize }: Chain): string {
  return `# SHA-256 of the SHA-256 of each page, one after the other.
actual=$(run '
${PERL_DIGEST}' '
${PYTHON_DIGEST}' "$target" ${pageSize})
if [ "$actual" != ${database.pages_sha256} ]; then
  echo "$target is not what was backed up: its pages have SHA-256 $actual" >&2
  exit 1
fi
`;
}
