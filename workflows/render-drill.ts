import { drillOutcome, renderCheckTable } from '../contract/drill-document.ts';
import type { DrillRecord } from '../contract/verify.ts';

/** Markdown for the Web UI's details of a drill: the checks as a table. The server takes at most 20 000 bytes of it. */
export function renderDrill(record: DrillRecord): string {
  const { drill, snapshotId } = record;
  const lines = [`**${record.plan}** on ${record.host}: drill **${drillOutcome(record)}**`];
  if (snapshotId !== undefined) lines.push('', `Snapshot \`${snapshotId.slice(0, 8)}\` of ${drill.snapshotTime ?? ''}.`);
  if (drill.restoreMs !== undefined) lines.push('', `Restored in ${(drill.restoreMs / 1000).toFixed(1)} s.`);
  const current = record.phases.find(({ status }) => status === 'running');
  if (current !== undefined) lines.push('', `▶ ${current.name}`);
  if (drill.checks.length > 0) lines.push('', ...renderCheckTable(drill.checks));
  if (record.failure !== undefined)
    lines.push('', `**${record.failure.phase}: ${record.failure.type}.** ${record.failure.message}`);
  if (drill.evidencePath !== undefined) lines.push('', `Evidence: \`${drill.evidencePath}\``);
  lines.push(...record.warnings.slice(0, 20).map((warning) => `\n- ${warning}`));
  return lines.join('\n').slice(0, 15_000);
}
