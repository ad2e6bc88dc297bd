import { posix } from 'node:path';
import { chainHome, chainViews } from './chain-places.ts';
import { resolveSecret } from './resolve-secret.ts';
import type { FilesSourceFile, MysqlSourceFile, SourcesFile, SqliteSourceFile } from './schema/sources.ts';
import type { ScratchMysqlFile } from './schema/verification.ts';
import type { ChainSettings, FilesSource, MysqlSource, Plan, ScratchMysql, Source, SqliteSource } from './types.ts';

/** The port of MySQL and MariaDB. */
const DEFAULT_PORT = 3306;

type Directories = Pick<Plan, 'stageDirectory' | 'stateDirectory'>;

/** In the order of the file: files, then sqlite, then mysql. */
export function resolveSources({ files, sqlite, mysql }: SourcesFile, directories: Directories): Source[] {
  return [
    ...Object.entries(files).map(([name, source]) => resolveFiles(name, source)),
    ...Object.entries(sqlite).map(([name, source]) => resolveSqlite(name, source, directories)),
    ...Object.entries(mysql).map(([name, source]) => resolveMysql(name, source, directories)),
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

function resolveSqlite(name: string, source: SqliteSourceFile, directories: Directories): SqliteSource {
  const isIncremental = source.method === 'incremental';
  return {
    kind: 'sqlite',
    name,
    path: posix.resolve(source.path),
    method: source.method,
    allowWriterStall: source.allow_writer_stall,
    ...(isIncremental ? { chain: resolveChain(`sqlite.${name}`, source.rebase_at, directories) } : {}),
    maxShrinkRatio: source.max_shrink,
  };
}

function resolveChain(name: string, rebaseRatio = 1, { stageDirectory, stateDirectory }: Directories): ChainSettings {
  const directory = posix.join(chainHome(stateDirectory), name);
  return { directory, viewDirectory: posix.join(chainViews(stageDirectory), name), rebaseRatio };
}

function resolveMysql(name: string, source: MysqlSourceFile, directories: Directories): MysqlSource {
  const isIncremental = source.method === 'incremental';
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
    ...(isIncremental ? { chain: resolveChain(`mysql.${name}`, source.rebase_at, directories) } : {}),
    maxShrinkRatio: source.max_shrink,
  };
}

/** The server that drills load MySQL dumps into. */
export function resolveScratchMysql(server: ScratchMysqlFile): ScratchMysql {
  return {
    address: resolveAddress(server),
    user: server.user,
    password: server.password && resolveSecret(server.password),
    tls: server.tls,
    tlsCa: server.tls_ca && posix.resolve(server.tls_ca),
  };
}

type AddressFile = Pick<MysqlSourceFile, 'host' | 'port' | 'socket'>;

function resolveAddress({ host, port, socket }: AddressFile): MysqlSource['address'] {
  if (socket !== undefined) return { kind: 'socket', path: posix.resolve(socket) };
  return { kind: 'tcp', host: host ?? '', port: port ?? DEFAULT_PORT };
}
