/** Oldest restic that tells a wrong password by its own exit code (12, CHANGELOG 0.17.1). */
export const OLDEST_RESTIC = '0.17.1';

/** Reads the version out of `restic version`: JSON since 0.17, `restic 0.14.0 compiled with …` before. undefined if neither. */
export function parseResticVersion(stdout: string): string | undefined {
  return /"version":"(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? /^restic (\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
}

/** Compares two versions of three numbers; negative when `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  const differing = left.findIndex((number, index) => number !== right[index]);
  return differing === -1 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}
