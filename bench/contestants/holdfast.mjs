import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePorts } from '../../scripts/demo/ports.mjs';
import { PATIENCE_MS } from './place.mjs';

const CLI = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'dist/client/main.js');
const READY_WITHIN_MS = 120_000;

/**
 * Holdfast by its command line: `holdfast up`, which is there all the time and whose start does not count (its CPU and memory during a
 * backup do), and `holdfast backup app`. Without a local archive, as the others have none either.
 *
 * @param {import('./place.mjs').Place} place
 * @param {'auto' | 'incremental'} method of the sources, where a source knows it
 */
function create(place, { name, title, method }) {
  const env = { HOLDFAST_CONFIG: join(place.directory, 'holdfast.yaml'), RESTIC_SECRET: 'bench' };
  const holdfast = (args, options = {}) =>
    place.run([process.execPath, CLI, ...args], { ...options, env: { ...env, ...options.env } });
  const restore = (args, file) =>
    withUp(place, env, async (up) => {
      const options = { env: up.env, residents: [up.pid], limitMs: PATIENCE_MS };
      const { wallS } = mustBeZero(await holdfast(['restore', 'app', '--json', ...args], options));
      return { wallS, path: await place.find(file, join(place.directory, 'restore')) };
    });
  const contestant = {
    name,
    title,
    repository: place.repository,
    prepare: async () => {
      await place.prepare('state', 'staging', 'restore');
      if (place.subject.mysql !== undefined) await place.write('mysql-password', place.subject.mysql.password);
      const mysqlMethod = await writeFittingConfiguration(place, method, holdfast);
      if (place.subject.mysql !== undefined && mysqlMethod !== method) contestant.title += ' (MariaDB: in full)';
      await withUp(place, env, async (address) => mustBeZero(await holdfast(['init'], { env: address.env })));
    },
    backup: () => withUp(place, env, (up) => holdfast(['backup', 'app', '--json'], { env: up.env, residents: [up.pid] })),
    restore: async () => {
      const { wallS, path } = await restore([], 'main.db');
      return { wallS, database: path };
    },
    restoreSource: (source, file) => restore(['--only', source], file),
    countDeltas: (source) => countDeltas(join(place.directory, 'state/plans/app/chains'), source),
  };
  return contestant;
}

export const createFull = (place) => create(place, { name: 'holdfast-full', title: 'Holdfast, full copy', method: 'auto' });
export const createIncremental = (place) =>
  create(place, { name: 'holdfast-incremental', title: 'Holdfast, `method: incremental`', method: 'incremental' });

/** How many deltas the chain of a source has, by Holdfast's own notes; undefined where they do not tell. */
async function countDeltas(chains, source) {
  const text = await readFile(join(chains, source.replace('/', '.'), 'chain.json'), 'utf8');
  return JSON.parse(text).chain?.deltas?.length;
}

function mustBeZero(result) {
  if (result.exitCode !== 0) throw new Error(`holdfast ended with ${result.exitCode}:\n${result.output}`);
  return result;
}

/** Versions differ in whether a MySQL source has the method: it is asked for there only where `config validate` takes it. Returns its method. */
async function writeFittingConfiguration(place, method, holdfast) {
  const candidates = method === 'incremental' ? [method, 'auto'] : [method];
  for (const mysqlMethod of candidates) {
    await place.write('holdfast.yaml', render(place, method, mysqlMethod));
    if ((await holdfast(['config', 'validate'])).exitCode === 0) return mysqlMethod;
  }
  return mustBeZero(await holdfast(['config', 'validate']));
}

function render({ directory, repository, subject }, method, mysqlMethod) {
  const { mysql } = subject;
  const server =
    mysql === undefined
      ? ''
      : `
      mysql:
        main: { host: 127.0.0.1, port: ${mysql.port}, user: ${mysql.user}, password: { file: ${directory}/mysql-password }, database: ${mysql.database}${mysqlMethod === 'auto' ? '' : `, method: ${mysqlMethod}`} }`;
  return `version: 1
host: bench
staging_directory: ${directory}/staging
state_directory: ${directory}/state
restore_directory: ${directory}/restore
repositories:
  main: { location: ${repository}, password: { env: RESTIC_SECRET } }
plans:
  app:
    repository: main
    sources:
      files:
        config: { base: ${subject.directory}, paths: [config, tracker/etc] }
      sqlite:
        main: { path: ${subject.sqlite}, method: ${method} }${server}
    retention: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 }
`;
}

/** A port that was free may be somebody else's a moment later. */
const ATTEMPTS = 3;

async function withUp(place, environment, body) {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryUp(place, environment, body);
    if (outcome.notReady === undefined) return outcome.result;
    if (attempt === ATTEMPTS || !outcome.notReady.message.includes('EADDRINUSE')) throw outcome.notReady;
  }
}

async function tryUp(place, environment, body) {
  const [port, uiPort, metricsPort] = await findFreePorts(3);
  const env = { ...place.environment, ...environment, TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
  const args = ['up', '--port', port, '--ui-port', uiPort, '--metrics-port', metricsPort].map(String);
  const up = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const end = () => up.kill('SIGTERM');
  process.once('exit', end);
  try {
    const notReady = await isReady(up).catch((error) => error);
    if (notReady !== undefined) return { notReady };
    return { result: await body({ pid: up.pid, env: { TEMPORAL_ADDRESS: env.TEMPORAL_ADDRESS } }) };
  } finally {
    process.off('exit', end);
    const closed = once(up, 'close');
    if (end()) await closed;
  }
}

async function isReady(up) {
  let log = '';
  up.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!/\bready\b/.test(log)) {
    if (up.exitCode !== null || Date.now() > deadline) throw new Error(`holdfast up did not get ready:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
