import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

  constructor(directory: string, settings: { rebaseRatio?: number } = {}) {
    this.directory = directory;
    this.path = join(directory, 'live.db');
    this.target = join(directory, 'stage/sqlite/tracker');
    this.source = sqliteSource(this.path, {
      method: 'incremental',
      chain: {
        directory: join(directory, 'state/chain'),
        viewDirectory: join(directory, 'views/chain'),
        rebaseRatio: settings.rebaseRatio ?? 1,
      },
    });
  }

  /** A dump; the chain then lies in the stage. */
  async dump(context: TestContext = createTestContext()): Promise<Dump> {
    await mkdir(join(this.directory, 'stage/sqlite'), { recursive: true });
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
