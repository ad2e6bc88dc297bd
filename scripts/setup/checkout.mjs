// The checkout's own needs: the npm packages of its lock file, and a build that is newer than its sources.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { show } from './run.mjs';

/** Everything that goes into `dist`. */
const SOURCES = ['workflows', 'contract', 'config', 'process', 'activities', 'worker', 'client'];
const SETTINGS = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle-workflows.mjs'];

/**
 * Why `npm ci` is needed, if it is. npm keeps a list of what it installed; it is compared with the lock by version and hash, so
 * that neither a fresh checkout of an unchanged lock nor an install by hand leads to another install.
 *
 * @returns {string | undefined}
 */
export function reasonToInstall(root) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'node_modules is missing or incomplete';
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === '') continue;
    const other = have[path];
    // Builds for other platforms are in the lock, and not here.
    if (other === undefined && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (other?.version !== entry.version) return `${path} is not at ${entry.version}`;
  }
  return undefined;
}

/** Why `npm run build` is needed, if it is: its last step writes `dist/.built`. @returns {string | undefined} */
export function reasonToBuild(root) {
  const stamp = join(root, 'dist', '.built');
  if (!existsSync(stamp)) return 'dist is missing or incomplete';
  const builtAt = statSync(stamp).mtimeMs;
  const inputs = [...SOURCES.flatMap((folder) => listTree(root, folder)), ...SETTINGS, 'node_modules/.package-lock.json'];
  const newer = inputs.find((name) => existsSync(join(root, name)) && statSync(join(root, name)).mtimeMs > builtAt);
  return newer === undefined ? undefined : `${newer} is newer than dist`;
}

/** A folder with all in it: a removed file shows as a change of the folder. */
function listTree(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return [
    folder,
    ...entries.flatMap((entry) => (entry.isDirectory() ? listTree(root, join(folder, entry.name)) : [join(folder, entry.name)])),
  ];
}

/** Does what of the two is needed. @param {import('./context.mjs').Context} context @throws {SetupError} */
export async function prepareCheckout(context) {
  const options = { cwd: context.root, env: context.env };
  const toInstall = reasonToInstall(context.root);
  if (toInstall !== undefined) {
    context.say(`npm ci (${toInstall})`);
    await show('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], options);
  }
  const toBuild = reasonToBuild(context.root);
  if (toBuild !== undefined) {
    context.say(`npm run build (${toBuild})`);
    await show('npm', ['run', 'build', '--silent'], options);
  }
}
