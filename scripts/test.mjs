// What `npm test` runs: the set-up, then Jest with the arguments given, with the tools of this checkout first on the PATH.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs Node with our terminal, and returns its exit code as a shell has it. */
function runNode(args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
    // Ctrl-C reaches the child as well; its end, not ours, decides when we are done.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal === null ? code : 130));
  });
}

const code = await runNode(['scripts/setup.mjs', '--tests']);
if (code !== 0) process.exit(code);
const path = [join(ROOT, '.tools', 'bin'), process.env.PATH].join(delimiter);
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
process.exit(
  await runNode([...flags, 'node_modules/jest/bin/jest.js', ...process.argv.slice(2)], { ...process.env, PATH: path }),
);
