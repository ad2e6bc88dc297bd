const UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** Bytes of `1.5GB`. @param {string} text @throws when it is no size */
export function parseSize(text) {
  const match = /^(\d+(?:\.\d+)?) ?([KMG]?B|)$/i.exec(text.trim());
  if (match === null) throw new Error(`${text} is no size: write 300MB or 1.5GB`);
  return Math.round(Number(match[1]) * UNITS[match[2].toUpperCase() || 'B']);
}

/** Three figures are enough. @param {number} bytes */
export function formatBytes(bytes) {
  const [unit, factor] = Object.entries(UNITS).findLast(([, factor]) => Math.abs(bytes) >= factor) ?? ['B', 1];
  return `${figures(bytes / factor)} ${unit}`;
}

/** @param {number} seconds */
export function formatSeconds(seconds) {
  return `${figures(seconds)} s`;
}

/** Three figures, or two decimals. @param {number} value */
export function figures(value) {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2);
}
