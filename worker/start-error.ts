/** Why a worker or the embedded server does not start, in words for the operator: something of theirs, and no defect. */
export class StartError extends Error {
  /** The CLI goes by this name: it must not load this folder. */
  override readonly name = 'StartError';
}
