const FULL = '█';
const EMPTY = '░';

/** A bar of `width` characters for 0 to 100 percent; values beyond are taken as the nearest end. */
export function renderBar(percent: number, width: number): string {
  const share = Math.min(100, Math.max(0, percent)) / 100;
  // Rounded down: a full bar means done.
  const filled = Math.floor(share * width);
  return FULL.repeat(filled) + EMPTY.repeat(width - filled);
}
