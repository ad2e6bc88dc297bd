import type { TextSink } from '../io.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';

/** A block of lines at the end of a terminal that is drawn anew in place. */
export interface LiveView {
  /** Replaces the block. Lines must fit the terminal's width: a wrapped line would be counted wrongly. */
  draw(lines: readonly string[]): void;
  /** Writes lines that stay, above the block. */
  print(lines: readonly string[]): void;
  /** Leaves the block as it stands and gives the cursor back. */
  end(): void;
}

function block(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Creates a live view. Its block takes the newest lines when there are more than `maxLines`. */
export function createLiveView(sink: TextSink, maxLines = 30): LiveView {
  let drawn: readonly string[] = [];
  let hasStarted = false;
  const erase = () => (drawn.length === 0 ? '' : `\u001b[${drawn.length}F${CLEAR_BELOW}`);
  return {
    draw(lines) {
      const shown = lines.slice(-maxLines);
      const start = hasStarted ? '' : HIDE_CURSOR;
      hasStarted = true;
      // One write, so that the terminal never shows the erased state.
      sink.write(`${start}${erase()}${block(shown)}`);
      drawn = shown;
    },
    print(lines) {
      sink.write(`${erase()}${block(lines)}${block(drawn)}`);
    },
    end() {
      if (hasStarted) sink.write(SHOW_CURSOR);
      hasStarted = false;
      drawn = [];
    },
  };
}
