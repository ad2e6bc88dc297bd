import { figures, formatBytes } from '../size.mjs';
import { chooseBaseline } from './arithmetic.mjs';

const WRITERS = {
  false: 'no writer',
  true: 'another process commits 20 times a second',
  'false,true': 'without a writer, and with another process that commits 20 times a second',
};

/** What was measured on which machine, as a list. */
export function renderHead({ options, machine, sizes, skipped, idleStallMs, titles }) {
  const [sqlite, mysql] = sizes;
  const days = options.days === 1 ? '1 day' : `${options.days} days`;
  const what = [
    `SQLite ${formatBytes(sqlite)}`,
    mysql === undefined ? 'no MariaDB' : `MariaDB ${formatBytes(mysql)}`,
    `${days} of each pattern`,
    WRITERS[options.writers.join(',')],
  ];
  const lines = [
    `- ${machine.date} UTC: ${what.join(', ')}: \`${options.commandLine}\``,
    `- ${machine.hardware}; load ${machine.loadBefore.toFixed(1)} before, ${machine.load.toFixed(1)} at the end`,
    `- ${machine.versions.join('; ')}`,
    `- × is against ${titles[chooseBaseline(Object.keys(titles))]}`,
  ];
  if (options.note !== '') lines.push(`- ${options.note}`);
  if (idleStallMs !== undefined) lines.push(`- Slowest commit while nothing was backed up: ${figures(idleStallMs)} ms in 15 s`);
  for (const { name, reason } of skipped) lines.push(`- Left out: ${name} (${reason})`);
  return lines.join('\n');
}
