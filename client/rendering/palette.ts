import type { TextSink } from '../io.ts';

/** The few colours in use, each for one meaning. Without colours they return the text as it is. */
export interface Palette {
  good: Paint;
  warning: Paint;
  bad: Paint;
  /** What may be overlooked. */
  quiet: Paint;
  strong: Paint;
}

export type Paint = (text: string) => string;

/** SGR codes of ECMA-48, understood by every terminal. */
const style =
  (start: number, end: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${start}m${text}\u001b[${end}m`;

const plain: Paint = (text) => text;

export const PLAIN: Palette = { good: plain, warning: plain, bad: plain, quiet: plain, strong: plain };

const COLOURED: Palette = {
  good: style(32, 39),
  warning: style(33, 39),
  bad: style(31, 39),
  quiet: style(2, 22),
  strong: style(1, 22),
};

/** Colours for a terminal, unless NO_COLOR is set to anything (no-color.org) or the terminal is `dumb`. */
export function choosePalette(sink: TextSink, environment: Readonly<Record<string, string | undefined>>): Palette {
  const isRefused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return sink.isTerminal && !isRefused ? COLOURED : PLAIN;
}
