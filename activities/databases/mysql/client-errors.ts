import type { MysqlSource } from '../../../config/types.ts';
import type { FailureType } from '../../../contract/failures.ts';
import { describeAddress, describeLogin, describeSource } from './address.ts';
import { type Client, installAdvice } from './clients.ts';
import { exampleGrant } from './grants.ts';
import { Problem } from './problem.ts';

/** Numbers of both servers' error lists (mysqld_ername.h, errmsg.h), by what they mean for a dump. */
const MEANING: readonly (readonly [FailureType, readonly number[]])[] = [
  ['AuthRejected', [1044, 1045, 1130, 1142, 1143, 1227, 1251, 1370, 1698, 1820, 1862, 2049, 2061, 3118, 4151]],
  ['SourceMissing', [1049]],
  ['ToolMissing', [2058, 2059]],
  ['ConfigInvalid', [2026, 3159]],
  ['SourceUnavailable', [2002, 2003, 2005, 2006, 2012, 2013, 2055, 1040, 1053, 1129, 1203, 1226, 4031]],
  ['SourceUnavailable', [1158, 1159, 1160, 1161, 1184, 1205, 1213, 1317, 1412, 1927, 1969, 3024]],
];

/** What the clients print although nothing is wrong, or nothing that a dump depends on. */
const NOISE = [
  // MySQL 9.7 to every account without rights on the mysql database; there are no such policies outside of its Enterprise edition.
  /column_masking_policy/,
  /PROCESS privilege.*tablespaces/,
  /--ssl-verify-server-cert is disabled/,
  /Using a password on the command line/,
];

/** What MySQL's mysqldump says besides 1412 when the columns of a table change under it (9.7). */
const ALTERED = /Error in field count for table/;

/** Lines of a client's error output that mean something. */
export function meaningfulLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !NOISE.some((noise) => noise.test(line)));
}

/** `ERROR 1045 (28000) at line 1: …`, `Got error: 2002: "…"`, `Error 1412: …`, `Couldn't execute '…': … (1044)`. */
export function errorNumbers(stderr: string): number[] {
  return meaningfulLines(stderr).flatMap((line) => {
    const match = /\berror:? (\d{4})\b/i.exec(line) ?? /\((\d{4})\)$/.exec(line);
    return match === null ? [] : [Number(match[1])];
  });
}

/** How a client's call ended. */
export interface ClientEnd {
  program: string;
  exitCode: number;
  stderr: string;
}

/** The failure type of a client's end; undefined when its output says nothing that is known. */
export function failureTypeOf(end: ClientEnd): FailureType | undefined {
  const numbers = errorNumbers(end.stderr);
  const known = numbers.flatMap((number) => MEANING.filter(([, list]) => list.includes(number)).map(([type]) => type));
  if (known[0] !== undefined) return known[0];
  if (ALTERED.test(end.stderr)) return 'SourceUnavailable';
  if (/insuffi?ci?ent privileges/i.test(end.stderr)) return 'AuthRejected';
  if (/unknown (option|variable)/i.test(end.stderr)) return 'ToolMissing';
  // Ended from outside, most likely for want of memory.
  return end.exitCode > 128 ? 'SourceUnavailable' : undefined;
}

/** Explains a client's end to the operator. `fallback` is the type of what is not known. */
export function clientError(source: MysqlSource, client: Client, end: ClientEnd, fallback: FailureType): Problem {
  const type = failureTypeOf(end) ?? fallback;
  const [what, advice] = explain(type, source, client, end);
  return new Problem(type, `${describeSource(source)}: ${what} ${quote(end)}.`, advice);
}

/** What happened, and what to do. */
type Explanation = readonly [what: string, advice: string];

function explain(type: FailureType, source: MysqlSource, client: Client, end: ClientEnd): Explanation {
  switch (type) {
    case 'AuthRejected':
      return explainRefusal(source, client, end);
    case 'SourceMissing':
      return [`there is no database ${source.database} on ${describeAddress(source)}`, 'Check its name in holdfast.yaml.'];
    case 'ToolMissing':
      return [
        `${end.program} ${client.version} does not suit this server`,
        `${installAdvice('mariadb')} ${installAdvice('mysql')}`,
      ];
    case 'ConfigInvalid':
      return [
        `no TLS connection as \`tls: ${source.tls}\` asks for`,
        "Check tls and tls_ca in holdfast.yaml, and the server's certificate.",
      ];
    case 'SourceUnavailable':
      return explainUnavailable(source, end);
    default:
      return [`${end.program} ended with exit code ${end.exitCode}`, 'Run it by hand to see more.'];
  }
}

function explainRefusal(source: MysqlSource, client: Client, end: ClientEnd): Explanation {
  const numbers = errorNumbers(end.stderr);
  const grant = exampleGrant(source, client.family);
  if (numbers.some((number) => [1045, 1698, 1130].includes(number))) {
    return [
      `the server refused the log-in of ${describeLogin(source)}`,
      `Check user and password in holdfast.yaml; the account needs ${grant}`,
    ];
  }
  const missing = numbers.includes(1044) ? `, or there is no database ${source.database}` : '';
  return [`the account lacks rights${missing}`, `It needs ${grant}`];
}

/** Advice of a run that goes on by itself; where nothing is tried again there is better to be said. */
export const TRIED_AGAIN = 'It is tried again.';

function explainUnavailable(source: MysqlSource, end: ClientEnd): Explanation {
  const where = describeAddress(source);
  const numbers = errorNumbers(end.stderr);
  if (numbers.some((number) => [2002, 2003, 2005].includes(number))) {
    return [`no database server answers at ${where}`, 'Is it running, and can it be reached from this machine?'];
  }
  if (numbers.includes(1412) || ALTERED.test(end.stderr)) return ['a table was altered while it was dumped', TRIED_AGAIN];
  if (end.exitCode > 128) return [`${end.program} was killed (exit code ${end.exitCode})`, 'Is there enough memory?'];
  if (failureTypeOf(end) === undefined) return [`tables came or went while ${end.program} was at work`, TRIED_AGAIN];
  return [`the connection to ${where} did not last`, TRIED_AGAIN];
}

function quote(end: ClientEnd): string {
  const lines = meaningfulLines(end.stderr).slice(-5);
  return lines.length === 0 ? `(${end.program} printed no message)` : `(${lines.join(' / ')})`;
}
