import type { MysqlSource } from '../../../config/types.ts';
import type { Omissions } from './arguments.ts';
import type { Catalog, TableFacts } from './catalog.ts';
import { exampleGrant, missingPrivileges } from './grants.ts';
import { listNames } from './verify-dump.ts';

/** Something that makes a dump less than complete. */
export interface Concern {
  /** A sentence without its subject and without a full stop. */
  message: string;
  advice: string;
}

/** Engines whose tables a transaction covers. */
const TRANSACTIONAL = new Set(['innodb', 'rocksdb', 'ndbcluster', 'tokudb']);

/** What cannot be dumped, because a dump that tried would end with an error (measured on both servers). */
export function necessaryOmissions(catalog: Catalog): Omissions {
  return {
    events: missingPrivileges(catalog.rights).includes('EVENT'),
    routines: catalog.unreadableRoutines.length > 0,
  };
}

/** What an operator should know of, before each dump and in `doctor`. */
export function findConcerns(source: MysqlSource, catalog: Catalog): Concern[] {
  return [...findEmptiness(source, catalog), ...findEngines(source, catalog), ...findRights(source, catalog)];
}

function findEmptiness(source: MysqlSource, catalog: Catalog): Concern[] {
  const names = new Set(catalog.tables.map((table) => table.name));
  const unknown = source.structureOnly.filter((name) => !names.has(name));
  return [
    ...(names.size > 0
      ? []
      : [
          {
            message: `database ${source.database} has no tables that this account can see`,
            advice: `If it should have some: ${exampleGrant(source, catalog.family, catalog.account)}`,
          },
        ]),
    ...(unknown.length === 0
      ? []
      : [{ message: `structure_only names tables that do not exist: ${listNames(unknown)}`, advice: 'Correct holdfast.yaml.' }]),
  ];
}

function findEngines(source: MysqlSource, catalog: Catalog): Concern[] {
  const dumped = catalog.tables.filter((table) => !source.structureOnly.includes(table.name));
  const loose = dumped.filter((table) => !TRANSACTIONAL.has(table.engine.toLowerCase()));
  const versioned = dumped.filter((table) => table.isVersioned).map((table) => table.name);
  return [
    ...(loose.length === 0
      ? []
      : [
          {
            message: `tables outside of InnoDB are dumped as they are at that moment, not as of one moment: ${describeEngines(loose)}`,
            advice: '`ALTER TABLE … ENGINE=InnoDB` makes a table part of the consistent state.',
          },
        ]),
    ...(versioned.length === 0
      ? []
      : [
          {
            message: `system-versioned tables are dumped without the history of their rows: ${listNames(versioned)}`,
            advice: 'Where the history counts, dump it by hand with `mariadb-dump --dump-history` (10.11 or newer).',
          },
        ]),
  ];
}

function describeEngines(tables: readonly TableFacts[]): string {
  return listNames(tables.map((table) => `${table.name} (${table.engine})`));
}

const LOSSES: Readonly<Record<string, string>> = {
  SELECT: 'tables that were not granted one by one are not in the dump',
  'SHOW VIEW': 'views cannot be dumped',
  TRIGGER: 'triggers are not in the dump',
  EVENT: 'events are not in the dump',
};

function findRights(source: MysqlSource, catalog: Catalog): Concern[] {
  const { rights, unreadableRoutines } = catalog;
  const advice = exampleGrant(source, catalog.family, catalog.account);
  const concerns = missingPrivileges(rights).map((privilege) => ({
    message: `${catalog.account} lacks the privilege ${privilege} on ${source.database}: ${LOSSES[privilege]}`,
    advice,
  }));
  if (unreadableRoutines.length > 0) {
    const message = `${catalog.account} may not read the body of ${listNames(unreadableRoutines)}: no routine is in the dump`;
    return [...concerns, { message, advice }];
  }
  if (rights.isCertain && !rights.canSeeRoutines) {
    const message = `${catalog.account} cannot see routines of other users: if there are any, they are not in the dump`;
    return [...concerns, { message, advice }];
  }
  return concerns;
}
