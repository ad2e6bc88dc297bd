/** A source of numbers that gives the same ones for the same seed (mulberry32, public domain algorithm by T. Ettinger). */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** One of several, each as likely as the others. */
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, pick: (values) => values[Math.floor(next() * values.length)] ?? values[0] };
}
