// Reads apt's own lists of sources, to learn from which mirror this machine installs (sources.list(5), both formats).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Mirror
 * @property {string} uri
 * @property {string} [signedBy] file of the keys that sign it; without it apt uses the keys it trusts
 */

/** @returns {{ uri: string, suites: string[], signedBy?: string }[]} */
export function parseSources(text) {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = {};
    let last = '';
    for (const line of paragraph.split('\n').filter((line) => !line.startsWith('#'))) {
      const field = /^([\w-]+):\s*(.*)$/.exec(line);
      if (field !== null) {
        last = field[1].toLowerCase();
        fields[last] = field[2];
      } else if (last !== '') fields[last] += `\n${line}`;
    }
    const words = (name) => (fields[name] ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || words('enabled')[0] === 'no') return [];
    const signedBy = words('signed-by').length === 1 ? { signedBy: words('signed-by')[0] } : {};
    return words('uris').map((uri) => ({ uri, suites: words('suites'), ...signedBy }));
  });
}

/** @returns {{ uri: string, suites: string[], signedBy?: string }[]} */
export function parseSourcesList(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line);
    if (match === null) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(match[1])?.[1];
    return [{ uri: match[2], suites: [match[3]], ...(signedBy === undefined ? {} : { signedBy }) }];
  });
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readAll(directory) {
  let names = [];
  try {
    names = readdirSync(join(directory, 'sources.list.d')).toSorted();
  } catch {
    // Only a sources.list, or no apt at all.
  }
  const parts = names.flatMap((name) => {
    const text = read(join(directory, 'sources.list.d', name));
    if (name.endsWith('.sources')) return parseSources(text);
    return name.endsWith('.list') ? parseSourcesList(text) : [];
  });
  return [...parseSourcesList(read(join(directory, 'sources.list'))), ...parts];
}

/** The mirror of the distribution itself, not of its security updates nor of anybody else. @returns {Mirror | undefined} */
export function findMirror({ apt, distribution }) {
  const sources = readAll(apt);
  const own = sources.find(({ suites }) => distribution.codename !== '' && suites.includes(distribution.codename));
  return own ?? sources.find(({ uri }) => /\/(debian|ubuntu|ubuntu-ports)\/?$/.test(uri));
}
