const COLLECT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Gathers a stream in memory. @throws an Error beyond 64 MiB: what can be larger is to be consumed as it comes. */
export async function collect(stream: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<void> {
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > COLLECT_LIMIT_BYTES) throw new Error(`a program printed more than ${COLLECT_LIMIT_BYTES} bytes`);
    into.push(chunk);
  }
}

/** Splits a byte stream into lines of UTF-8 text, without their newlines; a last line without one counts too. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
