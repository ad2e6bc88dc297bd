const MAX_LINES = 25;
const MAX_CHARACTERS = 4096;

/** Keeps the end of a program's error output: what a message can quote, however much was printed. */
export class OutputTail {
  #text = '';
  #droppedCharacters = 0;

  append(text: string): void {
    this.#text += text;
    const excess = this.#text.length - MAX_CHARACTERS;
    if (excess <= 0) return;
    this.#text = this.#text.slice(excess);
    this.#droppedCharacters += excess;
  }

  /** The last 25 lines, at most 4 096 characters. Says so when something was cut off. */
  toString(): string {
    const lines = this.#text.trimEnd().split('\n');
    const isCut = this.#droppedCharacters > 0 || lines.length > MAX_LINES;
    return `${isCut ? '(…)\n' : ''}${lines.slice(-MAX_LINES).join('\n')}`;
  }
}
