import type { MysqlSource } from '../../../config/types.ts';

/** Markdown for RESTORE.md: MySQL's or MariaDB's own client is all it takes. */
export function restoreInstructions(source: MysqlSource, stagePath: string): string {
  if (source.chain === undefined) return loadInstructions(source, stagePath);
  const dump = `${stagePath}.sql`;
  return `\`${stagePath}/\` holds the dump \`${dump}\` in parts: \`base.sql\` is the dump as it once was, and \`0001.sql.zst\`, \`0002.sql.zst\`, … make of each dump the next one
(\`zstd -d --long=31 --patch-from=DUMP PATCH -o NEXT\`, zstd 1.4.5 or newer). \`replay.sh\` beside them does that, and compares the SHA-256. If \`${dump}\` lies here, Holdfast
has done so already. Otherwise, in the directory of this file:

\`\`\`sh
sh ${shellQuote(`${stagePath}/replay.sh`)} ${shellQuote(dump)}
\`\`\`

${loadInstructions(source, dump)}`;
}

function loadInstructions(source: MysqlSource, stagePath: string): string {
  const database = quoteIdentifier(source.database);
  return `\`${stagePath}\` is a plain SQL dump of the database ${code(source.database)}. It loads into a server of the same family (MySQL or MariaDB; \`manifest.json\`
says which, and its version), of that version or a newer one. It makes tables anew: what the target database holds under the same names is lost.

\`\`\`sh
mysql -u root -p -e ${shellQuote(`CREATE DATABASE IF NOT EXISTS ${database} CHARACTER SET utf8mb4`)}
mysql -u root -p --binary-mode --local-infile=0 --max-allowed-packet=1G --database=${shellQuote(source.database)} < ${shellQuote(stagePath)}
\`\`\`

With MariaDB's client the program is called \`mariadb\`. If a client answers ${code("ERROR at line 1: Unknown command '\\-'.")}, it is too old for the first line of a
MariaDB dump; leave that line out:

\`\`\`sh
sed '1{/999999/d}' ${shellQuote(stagePath)} | mysql -u root -p --binary-mode --local-infile=0 --max-allowed-packet=1G --database=${shellQuote(source.database)}
\`\`\`

Rows above 16 MiB also need \`max_allowed_packet=1G\` on the server. Compare the tables afterwards with the row counts in \`manifest.json\`.${structureNote(source)}
`;
}

function structureNote({ structureOnly }: MysqlSource): string {
  if (structureOnly.length === 0) return '';
  return `\nThe rows of ${structureOnly.map(code).join(', ')} were left out on purpose (\`structure_only\`): these tables come back empty.`;
}

function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Leaves plain words as they are. */
function shellQuote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
