const MEGABYTE = 1_000_000;

/** What the demo did, for the person who typed it. */
export function renderSummary({ result, drill, snapshots, mariadb, root, demo }) {
  const megabytes = (bytes) => `${((bytes ?? 0) / MEGABYTE).toFixed(1)} MB`;
  const phases = result.phases.map((phase) => {
    const size = phase.bytes === null ? '' : `  ${megabytes(phase.bytes)}`;
    return `    ${phase.name.padEnd(28)} ${((phase.duration_ms ?? 0) / 1000).toFixed(1).padStart(6)} s${size}`;
  });
  return [
    '',
    `Outcome      ${result.outcome} in ${(result.duration_ms / 1000).toFixed(1)} s`,
    `Snapshot     ${result.snapshot_id} (${snapshots.length} of this plan)`,
    `Backed up    ${megabytes(result.bytes_processed)}, of which ${megabytes(result.bytes_added)} were new to the repository`,
    `Archive      ${result.archive?.path} (${megabytes(result.archive?.bytes)})`,
    `MariaDB      ${mariadb === undefined ? 'not part of it: this machine has no MariaDB server' : 'dumped while it was running'}`,
    `Drill        ${drill.outcome}: ${drill.checks.filter((check) => check.status === 'pass').length} of ${drill.checks.length} checks passed, restored in ${(drill.restore_ms / 1000).toFixed(1)} s`,
    `Evidence     ${drill.evidence_path}`,
    'Phases',
    ...phases,
    ...result.warnings.map((warning) => `Warning      ${warning}`),
    '',
    'Next steps',
    `    npm run demo                              again: only what changed is added`,
    `    export HOLDFAST_CONFIG=${demo}/holdfast.yaml`,
    '    npx holdfast up                           the same, to look at: it prints the address of the Web UI',
    '    npx holdfast config example > my.yaml     your own data: README.md, "Your own data in five minutes"',
    `    rm -r ${demo.replace(`${root}/`, '')}                               forget about the demo`,
    '',
  ].join('\n');
}
