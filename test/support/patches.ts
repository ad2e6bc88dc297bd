import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeDump } from '../../activities/databases/mysql/incremental/compose/compose-dump.ts';
import { createTestContext, programs } from './phase-context.ts';

const KIB = 1024;

/** Numbers below 1 that are the same in each run. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomBytes(random: () => number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = random() * 256;
  return bytes;
}

/** Rows as a dump has them. */
export function rows(random: () => number, count: number): Buffer {
  const lines = Array.from(
    { length: count },
    (_, id) => `(${id},'${randomBytes(random, 10).toString('hex')}',${Math.floor(random() * 1e5)})`,
  );
  return Buffer.from(`INSERT INTO \`t\` VALUES\n${lines.join(',\n')};\n`);
}

/** Inserts, deletes, replaces, moves and repeats what is anywhere in a text. */
export function edit(text: Buffer, random: () => number, edits: number): Buffer {
  let edited = text;
  const at = () => Math.floor(random() * (edited.length + 1));
  for (let index = 0; index < edits; index += 1) {
    const [start, target] = [at(), at()];
    const end = Math.min(edited.length, start + Math.floor(random() ** 3 * 5_000));
    const piece = edited.subarray(start, end);
    const rest = Buffer.concat([edited.subarray(0, start), edited.subarray(end)]);
    const into = (base: Buffer, added: Buffer) => Buffer.concat([base.subarray(0, target), added, base.subarray(target)]);
    const kind = Math.floor(random() * 6);
    if (kind === 0) edited = rest;
    else if (kind === 1) edited = into(rest, piece);
    else if (kind === 2) edited = into(edited, piece);
    else if (kind === 3) edited = into(edited, randomBytes(random, Math.floor(random() * 300)));
    else if (kind === 4) edited = into(rest, rows(random, Math.floor(random() * 40)));
    else edited = into(edited, Buffer.alloc(Math.floor(random() * 2_000), piece[0] ?? 65));
  }
  return edited;
}

/** Texts, each with the one after it, of all kinds that a patch may have to do with. */
export function patchedTexts(seed: number): Record<string, [Buffer, Buffer]> {
  const random = createRandom(seed);
  const few = rows(random, 300);
  const many = rows(random, 20_000);
  const noise = randomBytes(random, 210 * KIB);
  const dotted = Buffer.concat(
    Array.from({ length: 300 }, (_, index) => Buffer.concat([noise.subarray(index * 700, index * 700 + 700), Buffer.from('x')])),
  );
  return {
    'a changed byte': [few, Buffer.concat([few.subarray(0, 700), Buffer.from('!'), few.subarray(701)])],
    'one byte of one': [Buffer.from('a'), Buffer.from('b')],
    'hardly anything left': [few, few.subarray(10, 12)],
    'the same': [many, many],
    'small edits': [few, edit(few, random, 12)],
    'many edits': [many, edit(many, random, 200)],
    letters: [few, Buffer.concat([few, randomBytes(random, 260 * KIB).map((byte) => byte % 200)])],
    'what was at the end at the beginning': [
      many,
      Buffer.concat([many.subarray(many.length / 2), many.subarray(0, many.length / 2)]),
    ],
    'a run of one byte': [few, Buffer.concat([few, Buffer.alloc(700 * KIB, 'a'), few])],
    'one byte again and again': [noise, dotted],
    'a repeated piece': [few, Buffer.concat(Array.from({ length: 900 }, () => few.subarray(50, 351)))],
    noise: [few, Buffer.concat([few, noise, few])],
    'new rows': [rows(random, 2_000), Buffer.concat([rows(random, 9_000)])],
    'nothing in common': [noise, many],
  };
}

/** A base and patches in a directory, as a chain has them. */
export class PatchPlace {
  readonly directory: string;
  readonly patches: string[] = [];
  #last: Buffer = Buffer.alloc(0);

  constructor(directory: string) {
    this.directory = directory;
  }

  async begin(base: Buffer): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await writeFile(join(this.directory, 'base.sql'), base);
    this.#last = base;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Makes a patch by zstd. @returns its path */
  async add(text: Buffer, ...options: string[]): Promise<string> {
    const name = `${String(this.patches.length + 1).padStart(4, '0')}.sql.zst`;
    await writeFile(this.path('before'), this.#last);
    await writeFile(this.path('after'), text);
    const args = [
      '-q',
      '-f',
      '--long=31',
      ...options,
      `--patch-from=${this.path('before')}`,
      this.path('after'),
      '-o',
      this.path(name),
    ];
    const { exitCode, stderr } = await programs.run({ program: 'zstd', args });
    if (exitCode !== 0) throw new Error(stderr);
    this.patches.push(name);
    this.#last = text;
    return this.path(name);
  }

  /** What the patches make of the base, composed. `bytes`: what the dump is said to have. */
  async compose({ bytes = this.#last.length, spareBytes = 2 ** 26, context = createTestContext() } = {}): Promise<Buffer> {
    const stages = this.patches.map((patch, index) => {
      const texts = [`current.${index + 1}.sql`];
      return { steps: [{ from: index === 0 ? 'base.sql' : `current.${index}.sql`, patch, to: texts[0] as string }], texts };
    });
    const work = await mkdirNew(this.path('work'));
    const places = { directory: this.directory, work, target: join(work, 'target'), spareBytes };
    const made = await composeDump(places, { stages, dump: { bytes, sha256: '' } }, context);
    const text = await readFile(places.target);
    if (made.bytes !== text.length) throw new Error(`said to have ${made.bytes} bytes, and has ${text.length}`);
    return text;
  }
}

let numberOfWorks = 0;

async function mkdirNew(prefix: string): Promise<string> {
  const path = `${prefix}.${numberOfWorks++}`;
  await mkdir(path);
  return path;
}
