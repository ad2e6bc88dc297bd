import { entriesOf, type Partially } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import { SECRET_ADVICE } from '../schema/secret.ts';
import type { ConfigurationInput } from '../schema.ts';
import type { Check } from './check.ts';

/** Variables of restic's backends whose value is a secret, such as `AWS_SECRET_ACCESS_KEY` (restic 0.19.1, doc/030). */
const SECRET_VARIABLES = /(SECRET|PASSWORD|TOKEN|_SAS|_KEY)$/;

type RepositoryDraft = Partially<ConfigurationInput['repositories'][string]>;

/** A timetable of limits is handed to rclone where that carries the data: it has one for both directions, in one time zone. */
export const checkRcloneLimits: Check = ({ file }) =>
  entriesOf(file.repositories).flatMap(([name, repository]) =>
    rcloneProblems(repository).map(({ path, message }) => ({ path: ['repositories', name, ...path], message })),
  );

function rcloneProblems(repository: RepositoryDraft): ConfigurationFinding[] {
  const limits = [repository.upload_limit, repository.download_limit].filter((limit) => typeof limit === 'object');
  if (repository.location?.startsWith('rclone:') !== true || limits.length === 0) return [];
  const [zone, otherZone] = limits.map(({ timezone }) => timezone ?? 'UTC');
  const message = 'must be that of upload_limit: rclone has one timetable for both';
  const isOneZone = otherZone === undefined || zone === otherZone;
  return [...(isOneZone ? [] : [{ path: ['download_limit', 'timezone'], message }]), ...ownRcloneLimits(repository)];
}

/** What limits rclone besides. */
function ownRcloneLimits({ environment, options }: RepositoryDraft): ConfigurationFinding[] {
  const ofRclone = (options ?? []).findIndex((option) => /^rclone\.args=.*--bwlimit/.test(option ?? ''));
  return [
    ...(environment?.['RCLONE_BWLIMIT'] === undefined ? [] : [{ path: ['environment', 'RCLONE_BWLIMIT'], message: TWICE }]),
    ...(ofRclone < 0 ? [] : [{ path: ['options', ofRclone], message: TWICE }]),
  ];
}

const TWICE = 'limits what upload_limit and download_limit limit already; remove one of the two';

/** No secret stands in an environment as plain text. */
export const checkEnvironment: Check = ({ file }) =>
  entriesOf(file.repositories).flatMap(([name, { environment }]) =>
    entriesOf(environment)
      .filter(([variable, value]) => typeof value === 'string' && SECRET_VARIABLES.test(variable))
      .map(([variable]) => ({ path: ['repositories', name, 'environment', variable], message: SECRET_ADVICE })),
  );
