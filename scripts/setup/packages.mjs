// The machine's own package manager: used where that is safe (root on Debian or Ubuntu), else named in the command to type.
import { look, must } from './run.mjs';

const COMMANDS = [
  ['apt-get', 'apt', 'apt-get install -y --no-install-recommends'],
  ['dnf', 'dnf', 'dnf install -y'],
  ['apk', 'apk', 'apk add'],
  ['pacman', 'pacman', 'pacman -S --needed'],
  ['zypper', 'zypper', 'zypper install -y'],
  ['brew', 'brew', 'brew install'],
];

const finder = (context) => (program) => look(program, context.env.PATH ?? '');

/** Whether the set-up may install system packages by itself. @param {import('./context.mjs').Context} context */
export function canInstall(context) {
  return context.isRoot && context.distribution.family !== 'other' && finder(context)('apt-get') !== undefined;
}

/**
 * The command that installs what is missing, as the operator of this machine would type it.
 *
 * @param {import('./tools.mjs').Tool[]} tools
 * @param {import('./context.mjs').Context} context
 * @returns {string[]} the command, and a line for each tool that this package manager does not have in a fitting version
 */
export function adviseInstalling(tools, context) {
  const [, manager, command] = COMMANDS.find(([program]) => finder(context)(program) !== undefined) ?? [];
  const named = tools.filter((tool) => tool.packages[manager] !== undefined);
  const names = [...new Set(named.map((tool) => tool.packages[manager]))];
  const prefix = context.isRoot || manager === 'brew' ? '' : 'sudo ';
  const others = tools.filter((tool) => !named.includes(tool));
  return [
    ...(names.length === 0 ? [] : [`${prefix}${command} ${names.join(' ')}`]),
    ...new Set(
      others.map((tool) => `get ${tool.name} ${tool.minimum} or newer onto the PATH${tool.site ? `: ${tool.site}` : ''}`),
    ),
  ];
}

/**
 * Installs Debian or Ubuntu packages system-wide. The packages that Holdfast names contain no service, so nothing is started.
 *
 * @param {string[]} names
 * @param {import('./context.mjs').Context} context
 * @throws {SetupError} with apt's own last lines
 */
export async function installPackages(names, context) {
  const options = { env: { ...context.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...names];
  context.say(`apt-get install ${names.join(' ')}`);
  try {
    await must('apt-get', install, options);
  } catch {
    // A fresh machine has no package lists, or old ones that name files which the mirror no longer has.
    await must('apt-get', ['update', '-q'], options);
    await must('apt-get', install, options);
  }
}
