// The set-up from beginning to end: the tools first, since a missing one needs the operator, then the packages and the build.
import { prepareCheckout } from './checkout.mjs';
import { createContext, SetupError } from './context.mjs';
import { ensureMysql } from './mysql.mjs';
import { obtain } from './obtain.mjs';
import { adviseInstalling, canInstall, installPackages } from './packages.mjs';
import { resticRoutes } from './restic.mjs';
import { closeSuites } from './suite.mjs';
import { temporalRoutes } from './temporal.mjs';
import { tryTestTools } from './test-tools.mjs';
import { describe, find, MARIADB_SERVER, TOOLS } from './tools.mjs';

const USAGE = `usage: node scripts/setup.mjs [--tests]
  Makes this checkout ready to run: npm packages, build, tools. With --tests also what \`npm test\` needs.`;

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function main(args, context = createContext()) {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const unknown = args.find((argument) => argument !== '--tests');
  if (unknown !== undefined) {
    context.complain(`unknown option ${unknown}\n${USAGE}`);
    return 2;
  }
  try {
    return (await setUp(args.includes('--tests'), context)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    context.complain(error.message);
    return 1;
  } finally {
    closeSuites(context);
  }
}

async function setUp(forTests, context) {
  const found = await prepareTools(context);
  const bad = found.filter(({ state }) => state !== 'good');
  const servers = bad.filter(({ tool }) => Object.values(MARIADB_SERVER).includes(tool));
  const fatal = forTests ? bad : bad.filter((finding) => !servers.includes(finding));
  if (fatal.length > 0) {
    report(fatal, context);
    return false;
  }
  if (servers.length > 0) announceNoMariadb(servers, context);
  const mysql = forTests ? await tryMysql(context) : [];
  if (forTests) await tryTestTools(context);
  await prepareCheckout(context);
  const versions = found.filter(({ version }) => version).map(({ file, version }) => `${file.split('/').at(-1)} ${version}`);
  context.say(`ready: ${[`node ${process.versions.node}`, ...versions, ...mysql].join(', ')}`);
  return true;
}

/** Finds every tool, and gets the ones that this machine lets us get. @returns {Promise<import('./tools.mjs').Finding[]>} */
async function prepareTools(context) {
  const tools = [...Object.values(TOOLS), ...Object.values(MARIADB_SERVER)];
  const found = await Promise.all(tools.map((tool) => find(tool, context)));
  const bad = found.filter(({ state }) => state !== 'good').map(({ tool }) => tool);
  const names = [...new Set(bad.flatMap(({ packages }) => packages.apt ?? []))];
  const failed = new Map();
  const attempt = (tool, work) => work.catch((error) => failed.set(tool, explain(error)));
  if (names.length > 0 && canInstall(context)) await attempt('apt', installPackages(names, context));
  if (bad.includes(TOOLS.temporal)) await attempt(TOOLS.temporal, obtain(TOOLS.temporal, temporalRoutes(context), context));
  if (bad.includes(TOOLS.restic)) await attempt(TOOLS.restic, obtain(TOOLS.restic, resticRoutes(context), context));
  if (bad.length === 0) return found;
  const now = await Promise.all(tools.map((tool) => find(tool, context)));
  return now.map((finding) => ({
    ...finding,
    reason: failed.get(finding.tool) ?? (finding.tool.packages.apt ? failed.get('apt') : undefined),
  }));
}

function explain(error) {
  if (error instanceof SetupError) return error.message;
  throw error;
}

function report(findings, context) {
  const lines = findings.map(
    (finding) => `  ${describe(finding)}${finding.reason ? `; it could not be had:${finding.reason}` : ''}`,
  );
  const advice = adviseInstalling(
    findings.map(({ tool }) => tool),
    context,
  );
  context.complain(
    [
      'this machine lacks what Holdfast needs:',
      ...lines,
      'Do this, then run the same again:',
      ...advice.map((line) => `  ${line}`),
    ].join('\n'),
  );
}

function announceNoMariadb(findings, context) {
  const tools = findings.map(({ tool }) => tool);
  context.say(
    `no MariaDB server: the demo runs without MariaDB. To include it: ${adviseInstalling(tools, context).join(', or ')}`,
  );
}

async function tryMysql(context) {
  if (context.env.HOLDFAST_WITHOUT_MYSQL === '1') {
    context.say('no MySQL, as HOLDFAST_WITHOUT_MYSQL=1 says: what needs it is skipped');
    return [];
  }
  try {
    return [`mysqld ${await ensureMysql(context)}`];
  } catch (error) {
    context.say(`no MySQL server, so its tests will fail (HOLDFAST_WITHOUT_MYSQL=1 skips them): ${explain(error)}`);
    return [];
  }
}
