import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Only the bench needs these; `scripts/setup.mjs` knows nothing of them. */
const TOOLS = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.tools/bench');
const VENV = join(TOOLS, 'venv/bin');
const BORG = join(TOOLS, 'borg');

/** borgmatic by pip, into a directory of its own; borg from Debian's packages, unpacked beside it. */
const INSTALL = `
test -x "$VENV/pip" || python3 -m venv "$(dirname "$VENV")"
test -x "$VENV/borgmatic" || "$VENV/pip" install --quiet borgmatic
command -v borg > /dev/null && exit 0
test -x "$BORG/bin/borg" && exit 0
mkdir -p "$BORG/debs" "$BORG/bin" && cd "$BORG/debs"
apt-get download borgbackup python3-msgpack python3-packaging libxxhash0
for package in *.deb; do dpkg -x "$package" ..; done
cat > ../bin/borg.new <<END
#!/bin/sh
export PYTHONPATH=$BORG/usr/lib/python3/dist-packages
export LD_LIBRARY_PATH=$(echo "$BORG"/usr/lib/*-linux-gnu)
exec /usr/bin/python3 $BORG/usr/bin/borg "\\$@"
END
chmod +x ../bin/borg.new && ../bin/borg.new --version && mv ../bin/borg.new ../bin/borg
`;

/** @param {import('./place.mjs').Place} place */
export function createBorgmatic(place) {
  const env = {
    PATH: `${VENV}:${join(BORG, 'bin')}:${place.environment.PATH}`,
    BORG_BASE_DIR: join(place.directory, 'cache'),
    XDG_RUNTIME_DIR: join(place.directory, 'run'),
  };
  const borgmatic = (...args) => ['borgmatic', '--config', join(place.directory, 'borgmatic.yaml'), ...args];
  return {
    name: 'borgmatic',
    title: 'borgmatic, its own database hooks',
    repository: place.repository,
    prepare: async () => {
      await place.prepare('run');
      await place.must(['bash', '-euc', INSTALL], { env: { VENV, BORG } });
      await place.write('borgmatic.yaml', render(place));
      await place.must(borgmatic('repo-create', '--encryption', 'repokey-blake2'), { env });
    },
    // Neither prune nor check, as with the others: their restic does that at another hour.
    backup: () => place.run(borgmatic('create'), { env }),
    restore: async () => {
      const restored = join(place.directory, 'restored');
      await mkdir(restored, { recursive: true });
      const database = join(restored, 'tracker.db');
      const hook = ['--hook', 'sqlite_databases', '--database', 'tracker', '--restore-path', database];
      const files = await place.must(borgmatic('extract', '--archive', 'latest', '--destination', restored), { env });
      if (!existsSync(database)) await writeFile(database, '');
      const result = await place.must(borgmatic('restore', '--archive', 'latest', ...hook), { env, limitMs: place.limitMs });
      return { wallS: files.wallS + result.wallS, database };
    },
  };
}

function render({ repository, subject, directory }) {
  const { mysql } = subject;
  const server =
    mysql === undefined
      ? ''
      : `
mariadb_databases:
  - name: ${mysql.database}
    hostname: 127.0.0.1
    port: ${mysql.port}
    username: ${mysql.user}
    password: ${mysql.password}`;
  return `source_directories:
  - ${subject.directory}/config
  - ${subject.directory}/tracker/etc
repositories:
  - path: ${repository}
encryption_passphrase: bench
user_runtime_directory: ${directory}/run
sqlite_databases:
  - name: tracker
    path: ${subject.sqlite}${server}
`;
}
