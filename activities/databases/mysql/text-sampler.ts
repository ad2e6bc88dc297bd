import { type Sample, Sketch, scatter } from '../../changes/sketch.ts';
import { BYTE } from './bytes.ts';

/** About a row. */
const PART_BYTES = 64;

/**
 * Takes a sample of the text of a dump. Its parts are told by what is in them and not by where they are, so that a row more does not
 * change all that follow it: each begins behind `00,`, wherever that stands, about once in 5 kB of usual rows.
 */
export class TextSampler {
  readonly #sketch = new Sketch();

  /** The next piece of the text, of any size. A part that is cut by the end of a piece is left out. */
  take(piece: Buffer): void {
    // Of two zeros in a row one has an odd index. Looking at each second byte is quicker than Buffer.indexOf, as zeros are many.
    for (let index = 1; index + 2 + PART_BYTES < piece.length; index += 2) {
      if (piece[index] !== BYTE.zero) continue;
      if (piece[index - 1] === BYTE.zero && piece[index + 1] === BYTE.comma) this.#note(piece, index + 2);
      else if (piece[index + 1] === BYTE.zero && piece[index + 2] === BYTE.comma) this.#note(piece, index + 3);
    }
  }

  finish(): Sample {
    return this.#sketch.finish();
  }

  #note(piece: Buffer, start: number): void {
    const key = keyOf(piece, start);
    if (this.#sketch.wants(key)) this.#sketch.add(key, piece.subarray(start, start + PART_BYTES));
  }
}

/** FNV-1a. */
function keyOf(piece: Buffer, start: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < start + PART_BYTES; index++) hash = Math.imul(hash ^ (piece[index] ?? 0), 0x01000193);
  return scatter(hash);
}
