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

function rcloneProblems({
  location,
  upload_limit,
  download_limit,
  environment,
  options,
}: RepositoryDraft): ConfigurationFinding[] {
  const [upload, download] = [upload_limit, download_limit].map((limit) => (typeof limit === 'object' ? limit : undefined));
  if (location?.startsWith('rclone:') !== true || (upload ?? download) === undefined) return [];
  const own = (options ?? []).findIndex((option) => option?.startsWith('rclone.args=') === true && option.includes('--bwlimit'));
  return [
    ...(upload !== undefined && download !== undefined && (upload.timezone ?? 'UTC') !== (download.timezone ?? 'UTC')
      ? [{ path: ['download_limit', 'timezone'], message: 'must be that of upload_limit: rclone has one timetable for both' }]
      : []),
    ...(environment?.['RCLONE_BWLIMIT'] === undefined ? [] : [{ path: ['environment', 'RCLONE_BWLIMIT'], message: TWICE }]),
    ...(own < 0 ? [] : [{ path: ['options', own], message: TWICE }]),
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
