import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'scripts');

/** Makes bash end where a script would wait for the next round. */
const SLEEP_ENDS = { 'BASH_FUNC_sleep%%': '() { exit 0; }' };

/** restic, which dates each snapshot with the day that the bench pretends: else --keep-daily would see a single day. */
const DATED_RESTIC = `#!/bin/bash
set -e
real=$(PATH=\${PATH#*:} command -v restic)
if [ "$1" = backup ]; then exec "$real" "$@" --time "$BENCH_DATE"; fi
exec "$real" "$@"
`;

const RESTORE = 'restic restore latest --target "$ROOT/restored"';

/** The scripts of bench/scripts: three that people write first, and the one that careful people write. @param {import('./place.mjs').Place} place */
function script(place, { name, title, file, restore = RESTORE, database = 'tracker.db' }) {
  return {
    name,
    title,
    repository: place.repository,
    prepare: async () => {
      await place.prepare('bin', 'dumps', 'backups');
      await place.write('bin/restic', DATED_RESTIC, 0o700);
      await place.must(['restic', 'init']);
    },
    backup: (date) => {
      const path = `${join(place.directory, 'bin')}:${place.environment.PATH}`;
      return place.run(['bash', join(SCRIPTS, file)], { env: { ...SLEEP_ENDS, PATH: path, BENCH_DATE: date } });
    },
    restore: async () => {
      await mkdir(join(place.directory, 'restored'), { recursive: true });
      const result = await place.must(['bash', '-euc', restore], { limitMs: place.limitMs });
      return { wallS: result.wallS, database: await place.find(database) };
    },
  };
}

const UNPACK = 'find "$ROOT/restored" -name "*.tar.gz" -exec tar -xzf {} -C "$ROOT/restored" ";"';

export const createLoop = (place) =>
  script(place, { name: 'loop', title: '`.backup` and restic in a loop', file: 'backup-loop.sh' });

export const createArchive = (place) =>
  script(place, {
    name: 'tar.gz',
    title: '`.backup`, tar.gz, restic',
    file: 'backup-archive.sh',
    restore: `${RESTORE}; ${UNPACK}`,
  });

export const createCareful = (place) => script(place, { name: 'restic', title: 'careful shell and restic', file: 'careful.sh' });

export const createRaw = (place) =>
  script(place, { name: 'restic-raw', title: 'restic on the raw file', file: 'raw.sh', database: 'sqlite3.db' });
