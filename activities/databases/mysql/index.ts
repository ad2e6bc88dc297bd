/**
 * Backs up live MySQL and MariaDB databases by the vendors' own clients: which one, with which arguments, and whether its text counts.
 *
 * What must never be here: a database driver, a password outside of a child's option file, or a dump that nobody has looked through.
 */
import type { MysqlSource } from '../../../config/types.ts';
import type { Programs } from '../../../process/programs.ts';
import type { DatabaseSource } from '../database-source.ts';
import { estimateDumpBytes } from './catalog.ts';
import { dump } from './dump.ts';
import { examine } from './examine.ts';
import { dumpIncremental } from './incremental/index.ts';
import { restoreInstructions } from './restore-instructions.ts';
import { openSession } from './session.ts';
import { verifyRestored } from './verify-restored.ts';

/**
 * Creates the MySQL and MariaDB kind of source.
 *
 * A server that does not answer, a lost connection and a table altered meanwhile fail with SourceUnavailable; a refused log-in or
 * missing rights with AuthRejected; an unknown database with SourceMissing; a client that does not suit with ToolMissing; TLS that
 * is not to be had with ConfigInvalid; a dump that is not whole with DumpRejected.
 */
export function createMysqlDatabase(programs: Programs): DatabaseSource<MysqlSource> {
  return {
    stagePath,
    dump: (source, target, context) => {
      const place = { target, path: stagePath(source) };
      return source.chain === undefined
        ? dump(programs, source, place, context)
        : dumpIncremental(programs, source, place, context);
    },
    examine: (source, context) => examine(programs, source, context),
    estimateBytes: async (source, context) => {
      const { catalog } = await openSession(programs, source, context);
      return estimateDumpBytes(catalog, source.structureOnly);
    },
    verifyRestored: (restored, context) => verifyRestored(programs, restored, context),
    restoreInstructions: (source) => restoreInstructions(source, stagePath(source)),
  };
}

function stagePath({ chain, name }: MysqlSource): string {
  return chain === undefined ? `mysql/${name}.sql` : `mysql/${name}`;
}
