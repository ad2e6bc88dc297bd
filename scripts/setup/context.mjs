// What every step of the set-up knows: where it works, on which machine, and how it speaks.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A reason to stop that the operator can act on. Its message is printed as it is, without a stack.
 */
export class SetupError extends Error {
  name = 'SetupError';
}

/**
 * @typedef {object} Distribution
 * @property {'debian' | 'ubuntu' | 'other'} family Ubuntu's relatives count as Ubuntu, Debian's as Debian.
 * @property {string} codename such as `bookworm`; empty when the machine does not say
 */

/**
 * @typedef {object} Context
 * @property {string} root the checkout
 * @property {string} tools `.tools` in it, where everything lives that the set-up fetches
 * @property {string} bin `.tools/bin`, which comes first on the PATH of Holdfast: it holds only what the PATH lacks or has too old
 * @property {NodeJS.ProcessEnv} env
 * @property {string} os as `process.platform`
 * @property {string} arch as `process.arch`
 * @property {boolean} isRoot
 * @property {Distribution} distribution
 * @property {string} apt directory of apt's sources
 * @property {(line: string) => void} say tells of a step
 * @property {(text: string) => void} complain tells why the set-up cannot go on
 */

/** Reads the family of a distribution out of os-release (freedesktop.org, os-release(5)). @returns {Distribution} */
export function readDistribution(text) {
  const fields = Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const match = /^(\w+)="?([^"]*)"?$/.exec(line.trim());
      return match === null ? [] : [[match[1], match[2]]];
    }),
  );
  const names = [fields.ID, ...(fields.ID_LIKE ?? '').split(' ')];
  const family = ['ubuntu', 'debian'].find((name) => names.includes(name)) ?? 'other';
  return { family, codename: fields.UBUNTU_CODENAME ?? fields.VERSION_CODENAME ?? '' };
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** Context of this machine and this checkout; `overrides` are for tests. @returns {Context} */
export function createContext(overrides = {}) {
  const root = overrides.root ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  return {
    root,
    tools: join(root, '.tools'),
    bin: join(root, '.tools', 'bin'),
    env: process.env,
    os: process.platform,
    arch: process.arch,
    isRoot: process.getuid?.() === 0,
    distribution: readDistribution(readOsRelease()),
    apt: '/etc/apt',
    say: (line) => console.log(`set-up: ${line}`),
    complain: (text) => console.error(`set-up: ${text}`),
    ...overrides,
  };
}
