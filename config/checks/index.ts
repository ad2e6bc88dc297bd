/**
 * Here is what values of the file must be to each other, one file per subject.
 * What a value must be by itself belongs in the schema, and nothing here may look at the disk: the file is also read elsewhere.
 */
import type { Draft } from '../draft.ts';
import type { ConfigurationFinding } from '../finding.ts';
import type { Check } from './check.ts';
import { checkDirectories } from './directories.ts';
import { checkMysql } from './mysql.ts';
import { checkPlans, checkRetention, checkSources } from './plans.ts';
import { checkEnvironment, checkRcloneLimits } from './repositories.ts';
import { checkSqlite } from './sqlite.ts';
import { checkQueries, checkRequiredFiles } from './verification.ts';

const CHECKS: readonly Check[] = [
  checkEnvironment,
  checkRcloneLimits,
  checkPlans,
  checkSources,
  checkSqlite,
  checkMysql,
  checkRetention,
  checkDirectories,
  checkRequiredFiles,
  checkQueries,
];

/** Runs all checks across values. */
export function runChecks(draft: Draft): ConfigurationFinding[] {
  return CHECKS.flatMap((check) => check(draft));
}
