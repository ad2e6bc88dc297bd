// What the long tests of faults need besides (`npm run test:faults`). Nothing else depends on it, so its lack is told and no more.
import { SetupError } from './context.mjs';
import { adviseInstalling, canInstall, installPackages } from './packages.mjs';
import { describe, find } from './tools.mjs';

/** @type {import('./tools.mjs').Tool} */
const FAKETIME = {
  name: 'libfaketime',
  programs: ['faketime'],
  minimum: '0.9.8',
  why: 'it sets the clock of one program',
  version: ['--version'],
  packages: { apt: 'faketime', dnf: 'libfaketime', apk: 'libfaketime', zypper: 'libfaketime' },
};

/** Gets libfaketime where this machine lets us, else says what to type. @param {import('./context.mjs').Context} context */
export async function tryFaultTools(context) {
  if ((await find(FAKETIME, context)).state === 'good') return;
  if (canInstall(context)) {
    try {
      await installPackages([FAKETIME.packages.apt], context);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  }
  const found = await find(FAKETIME, context);
  if (found.state === 'good') return;
  context.say(
    `${describe(found)}. Only the tests of clocks in \`npm run test:faults\` do: ${adviseInstalling([FAKETIME], context).join(', or ')}`,
  );
}
