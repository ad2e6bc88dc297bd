import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../config/types.ts';
import { type DrillDocument, renderCheckTable, toDrillDocument } from '../../contract/drill-document.ts';
import type { DrillRecord } from '../../contract/verify.ts';

/**
 * Writes the evidence of a drill: `<state_directory>/evidence/<plan>/<time>-<end of the run id>.json`, and the same to be read beside
 * it as `.md`, both of mode 0600. What is there already is never overwritten.
 *
 * @returns the path of the JSON file
 */
export async function writeEvidence({ stateDirectory }: Configuration, record: DrillRecord): Promise<string> {
  const directory = join(stateDirectory, 'evidence', record.plan);
  const time = record.startedAt.replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  const base = join(directory, `${time}-${record.runId.slice(-8)}`);
  const evidencePath = `${base}.json`;
  const document = toDrillDocument({ ...record, drill: { ...record.drill, evidencePath } });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeOnce(`${base}.md`, renderEvidence(document));
  await writeOnce(evidencePath, `${JSON.stringify(document, undefined, 2)}\n`);
  return evidencePath;
}

/** There whole or not at all, and never in place of another: a link fails where a rename would replace. */
async function writeOnce(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(partial, path);
  } catch (error) {
    // An earlier attempt to report this very drill got as far.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

const VERDICTS: Readonly<Record<DrillDocument['outcome'], string>> = {
  pass: 'passed',
  fail: 'FAILED',
  degraded: 'passed in part: something could not be tried',
  cancelled: 'was cancelled',
  running: 'is running',
};

/** The evidence as a page for people. */
export function renderEvidence(document: DrillDocument): string {
  const facts = [
    `- Snapshot: ${document.snapshot_id === null ? 'none' : `\`${document.snapshot_id}\``}, made ${document.snapshot_time ?? 'unknown'}`,
    `- Age of the snapshot when the drill began (what a loss would have cost): ${hours(document.snapshot_age_ms)}`,
    `- Time to restore it: ${seconds(document.restore_ms)} for ${document.files ?? 0} files, ${document.bytes ?? 0} bytes`,
    `- Drill: ${document.started_at} to ${document.finished_at ?? 'unknown'}, run \`${document.run_id}\` of \`${document.workflow_id}\``,
  ];
  const failure = document.failure === undefined ? [] : ['', `**${document.failure.type}**: ${document.failure.message}`];
  const warnings = document.warnings.length === 0 ? [] : ['', '## Warnings', '', ...document.warnings.map((text) => `- ${text}`)];
  return [
    `# Drill of ${document.plan} on ${document.host} ${VERDICTS[document.outcome]}`,
    '',
    ...facts,
    ...failure,
    '',
    '## Checks',
    '',
    ...renderCheckTable(document.checks),
    ...warnings,
    '',
  ].join('\n');
}

function hours(ms: number | null): string {
  return ms === null ? 'unknown' : `${(ms / 3_600_000).toFixed(1)} h`;
}

function seconds(ms: number | null): string {
  return ms === null ? 'unknown' : `${(ms / 1000).toFixed(1)} s`;
}
