import { entriesOf } from '../draft.ts';
import { eachPlan } from './check.ts';

/** What only one method heeds stands beside that method. */
export const checkSqlite = eachPlan(({ sources }, plan, draft) =>
  entriesOf(sources?.sqlite).flatMap(([name, { method, rebase_at }]) => {
    const path = ['plans', plan, 'sources', 'sqlite', name];
    if (rebase_at === undefined || method === 'incremental' || draft.isDoubtful([...path, 'method'])) return [];
    const message = 'has an effect with "method: incremental" only; write that too, or remove this';
    return [{ path: [...path, 'rebase_at'], message }];
  }),
);
