import type { MysqlSource } from '../../../config/types.ts';
import { sourceId } from '../../../contract/backup.ts';

/** Where a source's server is, for messages: `mysql:3306`, `/run/mysqld/mysqld.sock`. */
export function describeAddress({ address }: MysqlSource): string {
  return address.kind === 'tcp' ? `${address.host}:${address.port}` : address.path;
}

/** Who logs in where, for messages: `backup@mysql:3306`. */
export function describeLogin(source: MysqlSource): string {
  return `${source.user}@${describeAddress(source)}`;
}

/** How a message names a source: `mysql/tracker (backup@mysql:3306)`. */
export function describeSource(source: MysqlSource): string {
  return `${sourceId(source)} (${describeLogin(source)})`;
}
