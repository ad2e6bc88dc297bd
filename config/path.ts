/** Keys and list positions from the top of the document down to a value. */
export type DocumentPath = readonly (string | number)[];

/** The way a place is written for people: `plans.tracker.sources.files.config.paths[0]`. */
export function renderPath(path: DocumentPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** True when `path` is `ancestor` or lies below it. */
export function isWithin(path: DocumentPath, ancestor: DocumentPath): boolean {
  return ancestor.every((key, index) => path[index] === key);
}
