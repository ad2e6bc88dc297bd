import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Dump } from '../../activities/databases/database-source.ts';
import { createSqliteDatabase } from '../../activities/databases/sqlite/index.ts';
import type { SqliteSource } from '../../config/types.ts';
import { createTestContext, programs, type TestContext } from './phase-context.ts';
import { sqliteSource } from './sqlite-source.ts';

const database = createSqliteDatabase(programs);

/** A database with a chain below a directory, and a stage that its dumps go to. */
export class ChainPlace {
  readonly directory: string;
  readonly path: string;
  readonly target: string;
  readonly source: SqliteSource;

  /** `stage`: a directory in place of this one for what the stage holds. */
  constructor(directory: string, settings: { rebaseRatio?: number; stage?: string } = {}) {
    this.directory = directory;
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
    return database.dump(this.source, this.target, context);
  }

  /** Makes the database of what lies in the stage, by the script beside it, and returns its path. */
  async replay(): Promise<string> {
    const path = join(await mkdtemp(join(this.directory, 'replayed-')), 'tracker.db');
    const { exitCode, stderr } = await programs.run({ program: 'sh', args: [join(this.target, 'replay.sh'), path] });
    if (exitCode !== 0) throw new Error(`replay.sh: ${stderr}`);
    return path;
  }
}

export async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
