import { posix } from 'node:path';
import { resolveSecret } from './resolve-secret.ts';
import type { FilesSourceFile, MysqlSourceFile, SourcesFile, SqliteSourceFile } from './schema/sources.ts';
import type { FilesSource, MysqlSource, Source, SqliteSource } from './types.ts';

/** The port of MySQL and MariaDB. */
const DEFAULT_PORT = 3306;

/** In the order of the file: files, then sqlite, then mysql. */
export function resolveSources({ files, sqlite, mysql }: SourcesFile): Source[] {
  return [
    ...Object.entries(files).map(([name, source]) => resolveFiles(name, source)),
    ...Object.entries(sqlite).map(([name, source]) => resolveSqlite(name, source)),
    ...Object.entries(mysql).map(([name, source]) => resolveMysql(name, source)),
  ];
}

function resolveFiles(name: string, source: FilesSourceFile): FilesSource {
  return {
    kind: 'files',
    name,
    base: posix.resolve(source.base),
    paths: source.paths.map(plainPath),
    optionalPaths: source.optional_paths.map(plainPath),
    exclude: source.exclude,
    maxShrinkRatio: source.max_shrink,
  };
}

/** `./a//b/` becomes `a/b`; all of base stays `.`. */
function plainPath(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}

function resolveSqlite(name: string, source: SqliteSourceFile): SqliteSource {
  return {
    kind: 'sqlite',
    name,
    path: posix.resolve(source.path),
    method: source.method,
    allowWriterStall: source.allow_writer_stall,
    maxShrinkRatio: source.max_shrink,
  };
}

function resolveMysql(name: string, source: MysqlSourceFile): MysqlSource {
  return {
    kind: 'mysql',
    name,
    address: resolveAddress(source),
    user: source.user,
    password: source.password && resolveSecret(source.password),
    database: source.database,
    tls: source.tls,
    tlsCa: source.tls_ca && posix.resolve(source.tls_ca),
    structureOnly: source.structure_only,
    maxShrinkRatio: source.max_shrink,
  };
}

function resolveAddress({ host, port, socket }: MysqlSourceFile): MysqlSource['address'] {
  if (socket !== undefined) return { kind: 'socket', path: posix.resolve(socket) };
  return { kind: 'tcp', host: host ?? '', port: port ?? DEFAULT_PORT };
}
