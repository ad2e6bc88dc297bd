import type { MysqlSource } from '../../../config/types.ts';
import { describeSource } from './address.ts';
import type { Catalog } from './catalog.ts';
import type { DumpContents } from './dump-contents.ts';

/** Tables that the one has and the other lacks, either way. */
export interface TableDifference {
  missing: string[];
  unexpected: string[];
}

/** Compares the tables that a dump makes with those that the server has. Undefined: they are the same. */
export function compareTables(contents: DumpContents, catalog: Catalog): TableDifference | undefined {
  const names = new Set(catalog.tables.map((table) => table.name));
  const missing = [...names].filter((name) => !contents.tables.has(name));
  const unexpected = [...contents.tables].filter((name) => !names.has(name));
  return missing.length + unexpected.length === 0 ? undefined : { missing, unexpected };
}

/** Whether a table came, went or was replaced between two looks. */
export function sameTables(before: Catalog, after: Catalog): boolean {
  return (
    before.tables.length === after.tables.length && before.tables.every(({ name }, index) => name === after.tables[index]?.name)
  );
}

/** At most five names, then how many more there are. */
export function listNames(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}`;
}

/** What besides tables the server has and a dump lacks, as warnings. */
export function missingObjects(source: MysqlSource, contents: DumpContents, catalog: Catalog): string[] {
  const kinds = [
    ['views', catalog.views, contents.views],
    ['triggers', catalog.triggers, contents.triggers],
    ['events', catalog.events, contents.events],
    ['routines', catalog.routines.filter((name) => !catalog.unreadableRoutines.includes(name)), contents.routines],
  ] as const;
  return kinds.flatMap(([kind, there, dumped]) => {
    const missing = there.filter((name) => !dumped.has(name));
    return missing.length === 0 ? [] : [`${describeSource(source)}: the dump lacks the ${kind} ${listNames(missing)}`];
  });
}
