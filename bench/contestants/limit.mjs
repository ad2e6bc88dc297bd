import { createHash } from 'node:crypto';
import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE_BYTES = 4096;
const CHUNK_BYTES = 4 << 20;

/** Bytes to write, made before the clock runs. */
const PREPARE = 'head -c "$CHANGED" /dev/urandom > "$ROOT/random"';

/** Reads all bytes once and writes as many as have changed, synced: what nothing that looks at the files themselves can beat. */
const READ_AND_WRITE = 'cat "$@" > /dev/null; dd if="$ROOT/random" of="$REPOSITORY/$DAY" bs=4M conv=fsync status=none';

/** @param {import('./place.mjs').Place} place @param {() => string[]} files the files that hold the databases */
export function createLimit(place, files) {
  /** @type {Map<string, string[]>} */
  let known = new Map();
  let day = 0;
  return {
    name: 'limit',
    title: 'the limit: all read once, what changed written once',
    repository: place.repository,
    prepare: () => place.prepare('repository'),
    backup: async () => {
      const pages = new Map(await Promise.all(files().map(async (path) => [path, await hashPages(path)])));
      const changed = countChanged(known, pages) * PAGE_BYTES;
      known = pages;
      day += 1;
      await place.must(['bash', '-euc', PREPARE], { env: { CHANGED: String(changed) } });
      const env = { REPOSITORY: place.repository, DAY: String(day) };
      return place.run(['bash', '-euc', READ_AND_WRITE, 'bash', ...files()], { env });
    },
    restore: async () => {
      await mkdir(join(place.directory, 'restored'), { recursive: true });
      const command = [
        'bash',
        '-euc',
        'for f in "$@"; do dd if="$f" of="$ROOT/restored/$(basename "$f")" bs=4M conv=fsync status=none; done',
      ];
      return { wallS: (await place.must([...command, 'bash', ...files()])).wallS, database: await place.find('sqlite3.db') };
    },
  };
}

/** How many pages are new or other than before. @param {Map<string, string[]>} before @param {Map<string, string[]>} after */
export function countChanged(before, after) {
  let changed = 0;
  for (const [path, pages] of after) {
    const old = before.get(path) ?? [];
    changed += pages.filter((hash, index) => hash !== old[index]).length;
  }
  return changed;
}

async function hashPages(path) {
  const { size } = await stat(path);
  const file = await open(path);
  const hashes = [];
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
      for (let page = 0; page < bytesRead; page += PAGE_BYTES) hashes.push(hash(buffer.subarray(page, page + PAGE_BYTES)));
    }
  } finally {
    await file.close();
  }
  return hashes;
}

const hash = (page) => createHash('sha1').update(page).digest('base64').slice(0, 12);
