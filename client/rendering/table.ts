import { cutTo, toLine } from './text.ts';

export interface Column {
  title: string;
  /** Numbers and sizes stand to the right. */
  align?: 'left' | 'right';
}

const GAP = '  ';

/**
 * A table as lines without trailing spaces: a line of titles, then the rows. Cells are cleaned of control characters.
 *
 * The last column is cut where the table would be wider than `width`; without `width` nothing is cut.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string[] {
  const cells = rows.map((row) => columns.map((_, index) => toLine(row[index] ?? '')));
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const render = (row: readonly string[]) => {
    const line = row.map((cell, index) => alignCell(cell, widths[index] ?? 0, columns[index]?.align)).join(GAP);
    return (width === undefined ? line : cutTo(line, width)).trimEnd();
  };
  return [render(columns.map(({ title }) => title)), ...cells.map(render)];
}

/** `name  value` lines with the values below each other. Pairs without a value are left out. */
export function renderPairs(pairs: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const present = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`);
}

function alignCell(cell: string, width: number, align: Column['align']): string {
  return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
}
