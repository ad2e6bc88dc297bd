import type { WriteStream } from 'node:tty';
import type { TextSink } from './io.ts';

const DEFAULT_COLUMNS = 80;

/** A stream of the process as a sink. `onError` is told when it can no longer be written to. */
export function createSink(
  stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>,
  onError: (error: NodeJS.ErrnoException) => void,
): TextSink {
  stream.on('error', onError);
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    columns: () => (isTerminal ? stream.columns : undefined) ?? DEFAULT_COLUMNS,
  };
}
