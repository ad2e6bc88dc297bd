import { SOURCE_KINDS, type SourceKind, sourceId } from '../../contract/backup.ts';
import { namesOf, type Partially } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import type { ConfigurationInput } from '../schema.ts';
import { eachPlan, type PlanDraft } from './check.ts';
import { unknownName } from './plans.ts';

type VerificationInput = NonNullable<ConfigurationInput['plans'][string]['verification']>;
type QueryDraft = Partially<NonNullable<VerificationInput['queries']>[number]>;

const DATABASE_KINDS = ['sqlite', 'mysql'] as const;
const ASSERTIONS = ['equals', 'at_least', 'at_most', 'not_empty'] as const;

/** Files beside the sources that each stage has. */
const STAGE_FILES = ['manifest.json', 'RESTORE.md'];

function isSourceKind(text: string | undefined): text is SourceKind {
  return (SOURCE_KINDS as readonly (string | undefined)[]).includes(text);
}

/** Each required file lies where a source of the plan is laid out. */
export const checkRequiredFiles = eachPlan((plan, name) =>
  (plan.verification?.required_files ?? []).flatMap((file, index) => {
    if (file === undefined || plan.sources === undefined || isInStage(file, plan)) return [];
    const known = SOURCE_KINDS.flatMap((kind) => namesOf(plan.sources?.[kind]).map((source) => sourceId({ kind, name: source })));
    const message = `"${file}" belongs to no source of this plan; a path in the stage begins with ${known.join(' or ')}`;
    return [{ path: ['plans', name, 'verification', 'required_files', index], message }];
  }),
);

/** `sqlite/tracker.db` belongs to the source `sqlite/tracker`; names of databases have no dots. */
function isInStage(file: string, plan: PlanDraft): boolean {
  const [kind, second = '', ...rest] = file.replace(/^(\.\/)+/, '').split('/');
  if (!isSourceKind(kind)) return STAGE_FILES.includes(file);
  const name = kind === 'files' ? second : second.replace(/\..*$/, '');
  // What `method: incremental` leaves is a directory: sqlite/tracker/base.db.
  const isChain = kind !== 'files' && plan.sources?.[kind]?.[name]?.method === 'incremental';
  if (isChain && (name !== second || rest.length === 0)) return false;
  return namesOf(plan.sources?.[kind]).includes(name);
}

/** Each query asks one database of the plan and says what it expects. */
export const checkQueries = eachPlan((plan, name, draft) =>
  (plan.verification?.queries ?? []).flatMap((query, index) => {
    const path = ['plans', name, 'verification', 'queries', index];
    if (query === undefined) return [];
    return [...checkTarget(query, path, plan, draft.isDoubtful(path)), ...checkAssertions(query, path, draft.isDoubtful(path))];
  }),
);

function checkTarget(query: QueryDraft, path: (string | number)[], plan: PlanDraft, isDoubtful: boolean): ConfigurationFinding[] {
  const kinds = DATABASE_KINDS.filter((kind) => query[kind] !== undefined);
  if (kinds.length > 1) return [{ path, message: 'asks two databases; keep one of sqlite and mysql' }];
  const [kind] = kinds;
  const source = kind === undefined ? undefined : query[kind];
  if (kind === undefined || source === undefined) {
    return isDoubtful ? [] : [{ path, message: 'asks no database; write sqlite: NAME or mysql: NAME' }];
  }
  const known = namesOf(plan.sources?.[kind]);
  if (plan.sources === undefined || known.includes(source)) return [];
  return [{ path: [...path, kind], message: unknownName(`${kind} source`, source, known) }];
}

function checkAssertions(query: QueryDraft, path: (string | number)[], isDoubtful: boolean): ConfigurationFinding[] {
  const hasAssertion = ASSERTIONS.some((key) => query[key] !== undefined && query[key] !== false);
  return hasAssertion || isDoubtful ? [] : [{ path, message: `expects nothing; write one of ${ASSERTIONS.join(', ')}` }];
}
