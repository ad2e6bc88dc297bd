import { entriesOf, type Partially } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import type { ConfigurationInput } from '../schema.ts';
import { eachPlan } from './check.ts';

type MysqlDraft = Partially<NonNullable<ConfigurationInput['plans'][string]['sources']['mysql']>[string]>;

/** A MySQL source has one address, and settings of TLS that go together. */
export const checkMysql = eachPlan(({ sources }, plan, draft) =>
  entriesOf(sources?.mysql).flatMap(([name, source]) => {
    const path = ['plans', plan, 'sources', 'mysql', name];
    return [
      ...checkAddress(source, path, draft.isDoubtful(path)),
      ...checkTls(source, path, draft.isDoubtful([...path, 'tls'])),
      ...checkRebase(source, path, draft.isDoubtful([...path, 'method'])),
    ];
  }),
);

function checkAddress({ host, port, socket }: MysqlDraft, path: string[], isDoubtful: boolean): ConfigurationFinding[] {
  if (socket === undefined) {
    return host === undefined && !isDoubtful ? [{ path, message: 'has no address; write host and port, or socket' }] : [];
  }
  const other = host === undefined ? port : host;
  if (other === undefined) return [];
  return [{ path: [...path, 'socket'], message: `stands beside ${host === undefined ? 'port' : 'host'}; keep one of the two` }];
}

function checkTls({ tls, tls_ca }: MysqlDraft, path: string[], isDoubtful: boolean): ConfigurationFinding[] {
  if (tls_ca === undefined || tls === 'verify' || isDoubtful) return [];
  return [{ path: [...path, 'tls_ca'], message: 'has an effect with "tls: verify" only; write that too, or remove this' }];
}

function checkRebase({ method, rebase_at }: MysqlDraft, path: string[], isDoubtful: boolean): ConfigurationFinding[] {
  if (rebase_at === undefined || method === 'incremental' || isDoubtful) return [];
  const message = 'has an effect with "method: incremental" only; write that too, or remove this';
  return [{ path: [...path, 'rebase_at'], message }];
}
