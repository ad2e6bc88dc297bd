import { entriesOf } from '../draft.ts';
import { SECRET_ADVICE } from '../schema/secret.ts';
import type { Check } from './check.ts';

/** Variables of restic's backends whose value is a secret, such as `AWS_SECRET_ACCESS_KEY` (restic 0.19.1, doc/030). */
const SECRET_VARIABLES = /(SECRET|PASSWORD|TOKEN|_SAS|_KEY)$/;

/** No secret stands in an environment as plain text. */
export const checkEnvironment: Check = ({ file }) =>
  entriesOf(file.repositories).flatMap(([name, { environment }]) =>
    entriesOf(environment)
      .filter(([variable, value]) => typeof value === 'string' && SECRET_VARIABLES.test(variable))
      .map(([variable]) => ({ path: ['repositories', name, 'environment', variable], message: SECRET_ADVICE })),
  );
