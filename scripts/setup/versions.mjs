// Compares the versions that tools print about themselves.

/**
 * The first `1.2` or `1.2.3` in a text. Older MariaDB clients print a version of their own before that of the distribution, as in
 * `mariadb  Ver 15.1 Distrib 10.11.19-MariaDB`; the latter counts.
 *
 * @returns {string | undefined}
 */
export function findVersion(text) {
  return /Distrib (\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1] ?? /\d+\.\d+(?:\.\d+)*/.exec(text)?.[0];
}

/** Whether a dotted version is `minimum` or newer; missing parts count as 0. */
export function isAtLeast(version, minimum) {
  const have = version.split('.').map(Number);
  const need = minimum.split('.').map(Number);
  for (let part = 0; part < need.length; part += 1) {
    const difference = (have[part] ?? 0) - need[part];
    if (difference !== 0) return difference > 0;
  }
  return true;
}
