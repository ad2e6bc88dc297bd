import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes to write, made before the clock runs; what the day before has written goes. */
const MAKE_READY = 'rm -f "$REPOSITORY"/*; head -c "$CHANGED" /dev/urandom > "$ROOT/random"';

/** Reads all bytes once and writes as many as have changed, synced: what nothing that looks at the files themselves can beat. */
const READ_AND_WRITE = 'cat "$@" > /dev/null; dd if="$ROOT/random" of="$REPOSITORY/changed" bs=4M conv=fsync status=none';

const COPY = 'for f in "$@"; do dd if="$f" of="$ROOT/restored/$(basename "$f")" bs=4M conv=fsync status=none; done';

/** @param {import('./place.mjs').Place} place @param {import('../workload/subject.mjs').Workload} workload */
export function createLimit(place, workload) {
  return {
    name: 'limit',
    title: 'the limit: all read once, what changed written once',
    repository: place.repository,
    prepare: () => place.prepare('repository'),
    makeReady: ({ bytes }) =>
      place.must(['bash', '-euc', MAKE_READY], { env: { REPOSITORY: place.repository, CHANGED: String(bytes) } }),
    backup: () =>
      place.run(['bash', '-euc', READ_AND_WRITE, 'bash', ...workload.databaseFiles], { env: { REPOSITORY: place.repository } }),
    restore: async () => {
      await mkdir(join(place.directory, 'restored'), { recursive: true });
      const { wallS } = await place.must(['bash', '-euc', COPY, 'bash', ...workload.databaseFiles]);
      return { wallS, database: await place.find('sqlite3.db') };
    },
  };
}

/** What any comparison with the databases has to take at least. @param {import('./place.mjs').Place} place */
export function createRead(place, workload) {
  return {
    name: 'read',
    title: 'all bytes read once',
    repository: place.repository,
    prepare: () => place.prepare('repository'),
    backup: () => place.run(['bash', '-euc', 'cat "$@" > /dev/null', 'bash', ...workload.databaseFiles]),
    restore: undefined,
  };
}
