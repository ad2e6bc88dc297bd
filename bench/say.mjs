/** What goes on, for who waits for it; the report alone goes to standard output. @param {string} line */
export function say(line) {
  console.error(`bench: ${line}`);
}
