import { createHash } from 'node:crypto';
import { constants, copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabaseSource, Dump } from '../../activities/databases/database-source.ts';
import { createSqliteDatabase } from '../../activities/databases/sqlite/index.ts';
import type { ReplayContext } from '../../activities/restore/replay-chains.ts';
import type { SqliteFacts } from '../../activities/stage/manifest.ts';
import type { SqliteSource } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import { createTestContext, programs, type TestContext } from './phase-context.ts';
import { sqliteSource } from './sqlite-source.ts';

/** What `replay.sh` needs besides sqlite3 and what a test grants it. */
const TOOLS = ['sh', 'cat', 'chmod', 'cp', 'cut', 'dirname', 'rm', 'sha256sum', 'sync', 'sqlite3', 'zstd'];

/** A database with a chain below a directory, and a stage that its dumps go to. */
export class ChainPlace {
  readonly directory: string;
  readonly path: string;
  readonly target: string;
  readonly source: SqliteSource;
  readonly #database: DatabaseSource<SqliteSource>;

  /** `stage`: a directory in place of this one for what the stage holds. */
  constructor(directory: string, settings: { rebaseRatio?: number; stage?: string; programs?: Programs } = {}) {
    this.directory = directory;
    this.#database = createSqliteDatabase(settings.programs ?? programs);
    this.path = join(directory, 'live.db');
    const stage = settings.stage ?? directory;
    this.target = join(stage, 'stage/sqlite/tracker');
    this.source = sqliteSource(this.path, {
      method: 'incremental',
      chain: {
        directory: join(directory, 'state/chain'),
        viewDirectory: join(stage, 'views/chain'),
        rebaseRatio: settings.rebaseRatio ?? 1,
      },
    });
  }

  /** A dump; the chain then lies in the stage. */
  async dump(context: TestContext = createTestContext()): Promise<Dump> {
    await mkdir(dirname(this.target), { recursive: true });
    return this.#database.dump(this.source, this.target, context);
  }

  /**
   * Makes the database of what lies in the stage, by the script beside it, and returns its path. It finds no language but `language`;
   * `perl-base` is a perl without modules, as Debian has it.
   */
  async replay(language = 'perl'): Promise<string> {
    const directory = await mkdtemp(join(this.directory, 'replayed-'));
    const bin = join(directory, 'bin');
    await mkdir(bin);
    const isBase = language === 'perl-base';
    if (isBase) await writeFile(join(bin, 'perl'), perlWithoutModules(await pathOf('perl')), { mode: 0o755 });
    const tools = new Set(isBase ? TOOLS : [...TOOLS, language]);
    for (const tool of tools) await symlink(await pathOf(tool), join(bin, tool));
    const path = join(directory, 'tracker.db');
    const { exitCode, stderr } = await programs.run({
      program: 'sh',
      args: [join(this.target, 'replay.sh'), path],
      env: { PATH: bin },
    });
    if (exitCode !== 0) throw new Error(`replay.sh: ${stderr}`);
    return path;
  }
}

function perlWithoutModules(perl: string): string {
  return `#!/bin/sh\ncase "$1" in -M*) exit 2 ;; esac\nexec ${perl} "$@"\n`;
}

/** What stands on the PATH as Python may be a script that chooses one. */
async function pathOf(tool: string): Promise<string> {
  if (tool !== 'python3') return programs.find(tool);
  return (await programs.run({ program: tool, args: ['-c', 'import sys; print(sys.executable, end="")'] })).stdout;
}

/** What replays the chains of a restored tree, whose backup is another tree. */
export function replayingFrom(backup: string, tree: string, context: TestContext = createTestContext()): ReplayContext {
  return { programs, context, fetchAgain: (path) => copyFile(join(backup, path), join(tree, path), constants.COPYFILE_EXCL) };
}

export async function sha256Of(path: string): Promise<string> {
  return sha256(await readFile(path)).toString('hex');
}

/** What the facts of a chain, or its description, know the database of a path by. */
export async function pagesSha256Of(path: string): Promise<string> {
  const content = await readFile(path);
  const pageSize = content.readUInt16BE(16) === 1 ? 65_536 : content.readUInt16BE(16);
  const starts = Array.from({ length: Math.ceil(content.length / pageSize) }, (_, page) => page * pageSize);
  return sha256(Buffer.concat(starts.map((start) => sha256(content.subarray(start, start + pageSize))))).toString('hex');
}

/** The same as a dump tells it. */
export function pagesSha256In({ facts }: Dump): string | undefined {
  return (facts as SqliteFacts).chain?.pages_sha256;
}

/** Bytes of the newest delta. */
export function storedOf({ entries = [], facts }: Dump): number {
  const number = String((facts as SqliteFacts).chain?.deltas).padStart(4, '0');
  return entries.find(({ path }) => path.includes(`/${number}.`))?.bytes ?? 0;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
