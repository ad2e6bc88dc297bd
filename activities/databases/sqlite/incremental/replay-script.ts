import type { Chain, ChainDelta } from './chain.ts';
import { ZSTD_WINDOW } from './pack-delta.ts';

/** `replay.sh` of a chain: makes the database by plain sqlite3, for any POSIX shell. */
export function replayScript({ deltas, database, page_size: pageSize, source }: Chain): string {
  const isPacked = deltas.some(({ parts }) => parts !== undefined);
  return `#!/bin/sh
# Makes the database ${source} of base.db and the numbered logs beside this file: sh replay.sh TARGET
set -eu
target=\${1:?sh replay.sh TARGET: where to, a file that is not there yet}
here=$(dirname -- "$0")
for file in "$target" "$target-wal" "$target-shm" "$target-journal" "$target.log" "$target.old"; do
  if [ -e "$file" ]; then echo "$file is there already" >&2; exit 1; fi
done
umask 077
cp -- "$here/base.db" "$target"
${isPacked ? unpackFunctions(pageSize) : ''}replay() {
  sqlite3 -batch -bail -init /dev/null "$target" 'PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE);' > /dev/null
  rm -f -- "$target-wal" "$target-shm"
}
${deltas.map(replayLines).join('')}sync
echo '${database.sha256}' | {
  read -r expected
  actual=$(sha256sum < "$target" | cut -d ' ' -f 1)
  if [ "$actual" != "$expected" ]; then echo "$target is not what was backed up: SHA-256 $actual" >&2; exit 1; fi
}
echo "$target is what was backed up"
`;
}

function replayLines({ name, parts }: ChainDelta): string {
  if (parts === undefined) return `cp -- "$here/${name}" "$target-wal"; replay\n`;
  const stems = parts.map(({ patch }) => patch.name.replace(/\.zst$/, ''));
  return `for part in ${stems.join(' ')}; do unpack "$part"; done; mv -- "$target.log" "$target-wal"; replay\n`;
}

/** A part is what differs from some pages as they are by now: these are read from the database, by perl where there is one, which is quick. */
function unpackFunctions(pageSize: number): string {
  return `pages() {
  if command -v perl > /dev/null; then
    perl -e 'open F, "<:raw", $ARGV[0] or die; binmode STDOUT; while (<STDIN>) { ($p, $n) = split; seek F, ($p - 1) * ${pageSize}, 0; read(F, $b, $n * ${pageSize}) or die; print $b }' "$target"
  else
    while read -r first count; do dd if="$target" bs=${pageSize} skip=$((first - 1)) count="$count" 2> /dev/null; done
  fi
}
unpack() {
  pages < "$here/$1.list" > "$target.old"
  zstd -q -d ${ZSTD_WINDOW} --patch-from="$target.old" -c "$here/$1.zst" >> "$target.log"
  rm -f -- "$target.old"
}
`;
}
