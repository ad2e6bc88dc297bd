import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSame } from './same.mjs';
import { say } from './say.mjs';
import { formatSeconds } from './size.mjs';

/** Restores the newest backup of everybody that has one. @param {import('./round.mjs').Round} round */
export async function restoreAll({ contestants, beaten, workload, hasWriter }) {
  const restores = [];
  for (const contestant of contestants.filter(({ name, restore }) => restore !== undefined && !beaten.has(name))) {
    try {
      const { wallS, database } = await contestant.restore();
      const isRight = database !== undefined && (await isSame(database, workload, hasWriter));
      restores.push({ contestant: contestant.name, wallS, isRight });
      say(`restore: ${contestant.name} in ${formatSeconds(wallS)}, ${isRight ? 'right' : 'not the same'}`);
    } catch (error) {
      say(`restore: ${contestant.name} failed: ${error.message}`);
      restores.push({ contestant: contestant.name, wallS: undefined, isRight: false });
    }
    await removeRestored(contestant);
  }
  return restores;
}

/** Makes room for what is restored next. @param {import('./types.d.ts').Contestant} contestant */
export async function removeRestored({ repository }) {
  for (const name of ['restored', 'restore']) await rm(join(dirname(repository), name), { recursive: true, force: true });
}
