// A real backup in one command: a live SQLite, a live MariaDB and some configuration files, dumped, staged, archived, backed
// up by restic and restored again to prove it, through Temporal. Everything lies in .demo/ of this checkout; a second run adds to what the first one left.
// Built-in modules only. `scripts/setup.mjs` has run before.
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Children } from './demo/children.mjs';
import { writeConfiguration } from './demo/configuration.mjs';
import { startMariadb } from './demo/mariadb.mjs';
import { findFreePorts } from './demo/ports.mjs';
import { prepareSqlite, writeOn } from './demo/sqlite.mjs';
import { renderSummary } from './demo/summary.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DEMO = join(ROOT, '.demo');
const CLI = join(ROOT, 'dist/client/main.js');

const say = (line) => console.log(`demo: ${line}`);

async function main() {
  await mkdir(DEMO, { recursive: true, mode: 0o700 });
  const [port, uiPort, metricsPort, mariadbPort] = await findFreePorts(4);
  const environment = {
    ...process.env,
    PATH: [join(ROOT, '.tools/bin'), process.env.PATH].join(delimiter),
    HOLDFAST_CONFIG: join(DEMO, 'holdfast.yaml'),
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  };
  const children = new Children(environment);
  const holdfast = (...args) => children.run(process.execPath, [CLI, ...args]);
  try {
    say('a SQLite database in WAL mode, and a process that goes on writing to it');
    const database = join(DEMO, 'data/tracker/tracker.db');
    await prepareSqlite(children, database);
    writeOn(children, database);
    const mariadb = await startMariadb(children, { directory: join(DEMO, 'mariadb'), port: mariadbPort });
    say(
      mariadb === undefined ? 'no MariaDB server on this machine: going on without one' : 'a MariaDB server with the same tables',
    );
    await writeConfiguration(DEMO, mariadb);

    say('holdfast up: Temporal with its Web UI, the worker and the schedules in one process');
    const ports = ['--port', port, '--ui-port', uiPort, '--metrics-port', metricsPort].map(String);
    const up = children.start(process.execPath, [CLI, 'up', ...ports]);
    await up.printed('ready', 60_000);
    say('holdfast init: creates the restic repository, unless it is there');
    await holdfast('init');
    say('holdfast backup tracker');
    const result = JSON.parse(await holdfast('backup', 'tracker', '--json'));
    say('holdfast verify tracker: a drill, which restores that snapshot into a scratch place and compares it');
    const drill = JSON.parse(await holdfast('verify', 'tracker', '--json'));
    const snapshots = JSON.parse(await holdfast('snapshots', 'tracker', '--json'));
    console.log(renderSummary({ result, drill, snapshots, mariadb, root: ROOT, demo: DEMO }));
    if (drill.outcome !== 'pass') throw new Error(`the drill ended as ${drill.outcome}`);
    if (result.outcome !== 'succeeded') throw new Error(`the backup ended as ${result.outcome}`);
  } finally {
    await children.stopAll();
  }
}

try {
  await main();
} catch (error) {
  console.error(`demo: failed: ${error.message}`);
  process.exitCode = 1;
}
