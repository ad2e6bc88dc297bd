// Where restic comes from when the PATH has none that is new enough: its official release, else a newer suite of the machine's
// own distribution, from which only the binary is taken.

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './context.mjs';
import { download } from './download.mjs';
import { RELEASE_ARCH, RESTIC_RELEASE } from './pins.mjs';
import { look, must } from './run.mjs';
import { newerSuites, openSuite } from './suite.mjs';

const DECOMPRESS_IN_PYTHON = 'import bz2, shutil, sys; shutil.copyfileobj(bz2.BZ2File(sys.stdin.buffer), sys.stdout.buffer)';

async function fetchRelease(directory, context) {
  const decompress = findDecompressor(context);
  const compressed = join(directory, 'restic.bz2');
  await download(RESTIC_RELEASE.url(RELEASE_ARCH[context.arch]), compressed, RESTIC_RELEASE.sha256[context.arch]);
  const file = join(directory, 'restic');
  const [input, output] = [openSync(compressed), openSync(file, 'w')];
  const { status } = spawnSync(decompress[0], decompress.slice(1), { stdio: [input, output, 'inherit'], env: context.env });
  closeSync(input);
  closeSync(output);
  if (status !== 0) throw new SetupError(`${decompress[0]} could not decompress it`);
  return file;
}

function findDecompressor(context) {
  const path = context.env.PATH ?? '';
  if (look('bzip2', path) !== undefined) return ['bzip2', '-dc'];
  if (look('python3', path) !== undefined) return ['python3', '-c', DECOMPRESS_IN_PYTHON];
  throw new SetupError('neither bzip2 nor python3 is here to decompress it');
}

const fetchFromSuite = (suiteName) => async (directory, context) => {
  const suite = await openSuite(suiteName, context);
  await must('apt-get', [...suite.options, 'download', 'restic'], { cwd: directory, env: context.env });
  const deb = readdirSync(directory).find((name) => name.endsWith('.deb'));
  await must('dpkg', ['-x', join(directory, deb), directory], { env: context.env });
  return join(directory, 'usr', 'bin', 'restic');
};

/** @returns {import('./obtain.mjs').Route[]} */
export function resticRoutes(context) {
  if (context.os !== 'linux') return [];
  const release = { name: 'its official release', fetch: fetchRelease };
  const suites = newerSuites(context).map((suite) => ({ name: `the package of ${suite}`, fetch: fetchFromSuite(suite) }));
  return [...(RESTIC_RELEASE.sha256[context.arch] === undefined ? [] : [release]), ...suites];
}
