import type { PhaseRecord, RunRecord } from '../contract/backup.ts';

const MARKS: Readonly<Record<PhaseRecord['status'], string>> = {
  running: '▶ running',
  done: '✔ done',
  failed: '✘ failed',
  cancelled: '⊘ cancelled',
  skipped: '– skipped',
};

/** Markdown for the Web UI's details of a run; the server takes at most 20 000 bytes of it. */
export function renderRunRecord(record: RunRecord): string {
  const lines = [
    `**${record.plan}** on ${record.host}: **${record.outcome}**`,
    '',
    '| phase | status | seconds | attempts | size |',
    '|:---|:---|---:|---:|---:|',
    ...record.phases.map(renderPhase),
  ];
  if (record.snapshotId !== undefined)
    lines.push('', `Snapshot \`${record.snapshotId.slice(0, 8)}\`, ${formatBytes(record.bytesAdded ?? 0)} added.`);
  if (record.archive !== undefined) lines.push('', `Archive \`${record.archive.path}\`, ${formatBytes(record.archive.bytes)}.`);
  lines.push(...renderMaintained(record));
  if (record.failure !== undefined)
    lines.push('', `**${record.failure.phase}: ${record.failure.type}.** ${record.failure.message}`);
  lines.push(...record.warnings.slice(0, 20).map((warning) => `\n- ${warning}`));
  return lines.join('\n').slice(0, 15_000);
}

function renderMaintained({ maintained }: RunRecord): string[] {
  const { check, prune } = maintained ?? {};
  return [
    ...(check === undefined ? [] : ['', `Whole; data read: **${check.dataRead}**.`]),
    ...(prune === undefined
      ? []
      : [
          '',
          `**${formatBytes(prune.bytesFreed)}** freed, ${formatBytes(prune.bytesRemaining)} remain, ${formatBytes(prune.bytesUnused)} of them unused.`,
        ]),
  ];
}

function renderPhase(phase: PhaseRecord): string {
  const seconds = phase.durationMs === undefined ? '' : (phase.durationMs / 1000).toFixed(1);
  return `| ${phase.name} | ${MARKS[phase.status]} | ${seconds} | ${phase.attempts ?? ''} | ${phase.bytes === undefined ? '' : formatBytes(phase.bytes)} |`;
}

function formatBytes(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
