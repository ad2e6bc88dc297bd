/**
 * Gives a system error of an open file the path that it lacks: Node names it only where a call was given one, and a full disk
 * cannot be found without. To be used as a rejection handler.
 *
 * @throws the same error
 */
export function namePath(path: string | Buffer): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && 'code' in error && !('path' in error)) Object.assign(error, { path: path.toString() });
    throw error;
  };
}
