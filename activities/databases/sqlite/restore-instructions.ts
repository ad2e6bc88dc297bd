import { dirname } from 'node:path';
import type { SqliteMethod, SqliteSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';

/** A section of RESTORE.md. `stagePath` is relative to the directory that holds it. */
export function restoreInstructions(source: SqliteSource, stagePath: string): string {
  const path = shellQuote(source.path);
  return `${describeDump(source, stagePath)} To put it back, in the directory of this file:

1. Stop the service that uses it.
2. Note owner and mode of what is there now, and keep it until all is well. If nothing is there any more, \`jq '.sources["${sourceId(source)}"].original' manifest.json\` tells what they were. The old \`-wal\`, \`-shm\` and \`-journal\` must not stay: they belong to the old database and would damage the restored one.

   \`\`\`sh
   stat -c '%U:%G %a' ${path}
   mkdir -p ${path}.before && mv ${path} ${path}-wal ${path}-shm ${path}-journal ${path}.before/ 2>/dev/null
   \`\`\`
3. ${MAKE[source.method] ?? 'Copy the file'} and check it; the answer must be \`ok\`.${source.method === 'sql' ? ' The load takes a while.' : ''}

   \`\`\`sh
   mkdir -p ${shellQuote(dirname(source.path))}
   ${makeCommand(source, stagePath, path)}
   sqlite3 ${path} 'PRAGMA integrity_check'
   \`\`\`
4. Give it the owner and mode that you noted (a dump has mode 600 and the owner of whoever restored it), and start the service.

   \`\`\`sh
   chown OWNER:GROUP ${path} && chmod MODE ${path}
   \`\`\`
`;
}

const MAKE: Partial<Record<SqliteMethod, string>> = {
  sql: 'Load the text into a new database',
  incremental: 'Make the database of the copy and the changes',
};

function describeDump({ method, path }: SqliteSource, stagePath: string): string {
  const is = `is the SQLite database ${inlineCode(path)}`;
  if (method !== 'incremental') return `\`${stagePath}\` ${is}${method === 'sql' ? ' as SQL text' : ''}.`;
  return `\`${stagePath}/\` ${is}: \`base.db\` is a copy of it as it once was, and the numbered files are what has changed since. \`0001.wal\` is a
write-ahead log of SQLite: \`replay.sh\` beside them puts it beside a copy of \`base.db\`, as \`<copy>-wal\`, and has plain sqlite3 write it into
the copy (\`PRAGMA wal_checkpoint(TRUNCATE)\`). \`0002.patch.zst\` is what differs page by page: \`replay.sh\` unpacks it by zstd, and a program in it
puts it into the copy, with perl or else python3. In the end it compares the SHA-256 of all pages (or, without python3
and perl's Digest::SHA, that of the files before it begins). If \`${stagePath}.db\` lies here, Holdfast has done so
already: copy that file instead.`;
}

function makeCommand({ method }: SqliteSource, stagePath: string, path: string): string {
  if (method === 'incremental') return `sh ${stagePath}/replay.sh ${path}`;
  return method === 'sql' ? `sqlite3 -safe -bail ${path} < ${stagePath}` : `cp ${stagePath} ${path}`;
}

function shellQuote(text: string): string {
  return /^[\w/.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A fence that is longer than any run of backticks inside (CommonMark, 6.1). */
function inlineCode(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
}
