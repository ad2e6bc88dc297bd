// What some tests need besides. Nothing else depends on it, so its lack is told and no more.
import { SetupError } from './context.mjs';
import { adviseInstalling, canInstall, installPackages } from './packages.mjs';
import { describe, find } from './tools.mjs';

/** @type {(import('./tools.mjs').Tool & { tests: string })[]} */
const TEST_TOOLS = [
  {
    name: 'libfaketime',
    programs: ['faketime'],
    minimum: '0.9.8',
    why: 'it sets the clock of one program',
    version: ['--version'],
    packages: { apt: 'faketime', dnf: 'libfaketime', apk: 'libfaketime', zypper: 'libfaketime' },
    tests: 'the tests of clocks in `npm run test:faults`',
  },
  {
    name: 'FUSE',
    programs: ['fusermount3', 'fusermount'],
    minimum: '2.9',
    why: 'restic mounts a repository by it',
    version: ['--version'],
    packages: { apt: 'fuse3', dnf: 'fuse3', apk: 'fuse3', pacman: 'fuse3', zypper: 'fuse3' },
    tests: 'the tests of `holdfast mount`',
  },
];

/** Gets these tools where this machine lets us, else says what to type. @param {import('./context.mjs').Context} context */
export async function tryTestTools(context) {
  const missing = await findMissing(context);
  if (missing.length === 0) return;
  if (canInstall(context)) {
    try {
      await installPackages(
        missing.map(({ tool }) => tool.packages.apt),
        context,
      );
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  }
  for (const finding of await findMissing(context)) {
    const advice = adviseInstalling([finding.tool], context).join(', or ');
    context.say(`${describe(finding)}. Only ${finding.tool.tests} need it: ${advice}`);
  }
}

async function findMissing(context) {
  const found = await Promise.all(TEST_TOOLS.map((tool) => find(tool, context)));
  return found.filter(({ state }) => state !== 'good');
}
