/**
 * All workflows: deterministic code that says which phase follows which, what is retried and what is undone.
 *
 * What must never be here: anything that touches the world, a secret, or an export that is not a workflow, since each exported
 * function becomes a workflow type.
 */
export { backup } from './backup.ts';
export { examineHost, initRepository, listFiles, listSnapshots, previewRestore, unlockRepository } from './inspect.ts';
export { check, prune } from './maintenance.ts';
export { mountSnapshots } from './mount.ts';
export { restore } from './restore.ts';
export { verifyRestore } from './verify-restore.ts';
