import type { DumpObject } from './statement-head.ts';

/** What a dump holds, as its own text says. */
export interface DumpContents {
  /** Rows per table that has a CREATE TABLE or rows. */
  readonly rows: Map<string, number>;
  /** Tables with a complete CREATE TABLE. */
  readonly tables: Set<string>;
  readonly views: Set<string>;
  readonly triggers: Set<string>;
  /** With their kind: `procedure tidy`. */
  readonly routines: Set<string>;
  readonly events: Set<string>;
}

export function emptyContents(): DumpContents {
  return {
    rows: new Map(),
    tables: new Set(),
    views: new Set(),
    triggers: new Set(),
    routines: new Set(),
    events: new Set(),
  };
}

/** Enters a whole statement that makes something. */
export function noteObject(contents: DumpContents, { kind, name }: DumpObject): void {
  switch (kind) {
    case 'table':
      contents.tables.add(name);
      addRows(contents, name, 0);
      break;
    case 'view':
      contents.views.add(name);
      break;
    case 'trigger':
      contents.triggers.add(name);
      break;
    case 'routine':
      contents.routines.add(name);
      break;
    case 'event':
      contents.events.add(name);
      break;
    case 'view stand-in':
    case 'sequence':
    case 'rows':
      break;
  }
}

export function addRows(contents: DumpContents, table: string, rows: number): void {
  contents.rows.set(table, (contents.rows.get(table) ?? 0) + rows);
}
