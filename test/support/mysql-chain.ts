import { mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Dump } from '../../activities/databases/database-source.ts';
import { dumpIncremental } from '../../activities/databases/mysql/incremental/index.ts';
import { createMysqlDatabase } from '../../activities/databases/mysql/index.ts';
import type { MysqlSource } from '../../config/types.ts';
import type { Programs } from '../../process/programs.ts';
import { describeDatabaseContract } from './database-contract.ts';
import type { FamilyOptions } from './mysql-family.ts';
import { createSubject, SECRETS } from './mysql-subject.ts';
import { createTestContext, programs, type TestContext } from './phase-context.ts';

const TIMEOUT_MS = 120_000;

/** The source with a chain below a directory. */
export function withChain(source: MysqlSource, directory: string, rebaseRatio = 1): MysqlSource {
  const chain = { directory: join(directory, 'state/chain'), viewDirectory: join(directory, 'views/chain'), rebaseRatio };
  return { ...source, chain };
}

/** Makes the dump of a chain by the script that lies beside it. @returns its path, below `directory` */
export async function replayByScript(chain: string, directory: string): Promise<string> {
  const path = join(await mkdtemp(join(directory, 'replayed-')), 'tracker.sql');
  const { exitCode, stderr } = await programs.run({ program: 'sh', args: [join(chain, 'replay.sh'), path] });
  if (exitCode !== 0) throw new Error(`replay.sh: ${stderr}`);
  return path;
}

/** A database with a chain below a directory, and a stage that its dumps go to. */
export class MysqlChainPlace {
  readonly directory: string;
  readonly target: string;
  readonly source: MysqlSource;
  readonly #maxPartBytes: number | undefined;

  constructor(source: MysqlSource, directory: string, settings: { rebaseRatio?: number; maxPartBytes?: number } = {}) {
    this.directory = directory;
    this.target = join(directory, 'stage/mysql/tracker');
    this.source = withChain(source, directory, settings.rebaseRatio);
    this.#maxPartBytes = settings.maxPartBytes;
  }

  /** A dump; the chain then lies in the stage. */
  async dump(context: TestContext = createTestContext(SECRETS), runner: Programs = programs): Promise<Dump> {
    await mkdir(dirname(this.target), { recursive: true });
    const bound = this.#maxPartBytes === undefined ? {} : { maxPartBytes: this.#maxPartBytes };
    return dumpIncremental(runner, this.source, { target: this.target, path: 'mysql/tracker', ...bound }, context);
  }

  replay(): Promise<string> {
    return replayByScript(this.target, this.directory);
  }
}

/** The database contract with `method: incremental`. */
export function describeIncrementalContract({ title, programs: runner, start }: FamilyOptions): void {
  describeDatabaseContract<MysqlSource>({
    title: `${title}, incremental`,
    database: createMysqlDatabase(runner),
    timeoutMs: TIMEOUT_MS,
    create: async (directory) => {
      const subject = await createSubject(await start());
      return {
        ...subject,
        source: withChain(subject.source, directory),
        missing: withChain(subject.missing, directory),
        assemble: replayByScript,
        restore: async (chain, scratch) => subject.restore(await replayByScript(chain, scratch), scratch),
      };
    },
  });
}
