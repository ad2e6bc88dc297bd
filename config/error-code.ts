/** The code of an error of Node, such as `ENOENT`; undefined when it has none. */
export function errorCode(error: unknown): string | undefined {
  // By its shape: an error that Node itself made is no instance of the Error of a sandboxed context.
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
