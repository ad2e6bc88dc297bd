/**
 * The life of a worker process: connect, run, drain, metrics, health, and the embedded Temporal server.
 *
 * What must never be here: a decision about a backup. This folder loads the native module, so only the commands that run a worker
 * import it.
 */
export { startEmbeddedServer } from './embedded-server.ts';
export { runWorker } from './run-worker.ts';
export { settleHooksOf } from './watch-hooks.ts';
