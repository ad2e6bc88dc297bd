/**
 * The closed registry of databases: the one place that knows which kinds there are.
 *
 * What must never be here: anything that only one kind needs.
 */
import type { MysqlSource, Source, SqliteSource } from '../../config/types.ts';
import type { Finding } from '../../contract/inspect.ts';
import type { Check } from '../../contract/verify.ts';
import type { Programs } from '../../process/programs.ts';
import type { PhaseContext } from '../phase.ts';
import type { DatabaseSource, Dump } from './database-source.ts';
import { createMysqlDatabase } from './mysql/index.ts';
import type { RestoredDatabase } from './restored-database.ts';
import { createSqliteDatabase } from './sqlite/index.ts';

type DatabaseKind = SqliteSource | MysqlSource;

/** A source of a plan together with the code for its kind. */
export interface BoundDatabase {
  stagePath(): string;
  dump(target: string, context: PhaseContext): Promise<Dump>;
  examine(context: PhaseContext): Promise<Finding[]>;
  estimateBytes(context: PhaseContext): Promise<number>;
  restoreInstructions(): string;
}

export interface Databases {
  of(source: Exclude<Source, { kind: 'files' }>): BoundDatabase;
  /** As {@link DatabaseSource.verifyRestored}: needs no source, since the plan of today may lack what an old snapshot holds. */
  verifyRestored(restored: RestoredDatabase, context: PhaseContext): Promise<Check[]>;
}

/** Creates the code for every kind of database, all on one runner of programs. */
export function createDatabases(programs: Programs): Databases {
  const sqlite = createSqliteDatabase(programs);
  const mysql = createMysqlDatabase(programs);
  return {
    of: (source) => (source.kind === 'sqlite' ? bind(sqlite, source) : bind(mysql, source)),
    verifyRestored: (restored, context) => {
      const { facts } = restored;
      if (facts.kind === 'sqlite') return sqlite.verifyRestored({ ...restored, facts }, context);
      return mysql.verifyRestored({ ...restored, facts }, context);
    },
  };
}

function bind<Kind extends DatabaseKind>(database: DatabaseSource<Kind>, source: Kind): BoundDatabase {
  return {
    stagePath: () => database.stagePath(source),
    dump: (target, context) => database.dump(source, target, context),
    examine: (context) => database.examine(source, context),
    estimateBytes: (context) => database.estimateBytes(source, context),
    restoreInstructions: () => database.restoreInstructions(source),
  };
}
