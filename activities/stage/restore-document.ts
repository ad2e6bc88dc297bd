import { join } from 'node:path';
import type { Archive, FilesSource, Plan, Repository, Source } from '../../config/types.ts';
import { type RunReference, sourceId } from '../../contract/backup.ts';
import { createRedactor } from '../../process/redaction.ts';
import { archiveName } from '../archive/archive-name.ts';
import { planTag, runTag } from '../restic/arguments.ts';
import { describeSecret } from '../secrets/read-secret.ts';

export interface RestoreDocumentInput {
  plan: Plan;
  host: string;
  holdfastVersion: string;
  run: RunReference;
  /** Markdown by source id, for databases. */
  restoreInstructions: ReadonlyMap<string, string>;
}

/** Passwords inside locations and options are blanked; the file travels with every copy of the data. */
const redact = createRedactor([]);

/**
 * RESTORE.md of a stage: how to get everything back with restic or tar, sqlite3 and a MySQL client, for somebody who has nothing
 * but this file, on their worst day. Each `sh` block can be pasted as it stands.
 */
export function restoreDocument(input: RestoreDocumentInput): string {
  const { plan, run } = input;
  const sections = [
    introduction(input),
    chooseTarget(plan),
    fromRepository(input),
    ...(plan.archive === undefined ? [] : [fromArchive(plan.archive, run)]),
    CHECK,
    '## 3. Put the sources back\n\nStop whatever uses the data first. All commands run inside the restored tree:\n\n```sh\ncd "$target"\n```',
    ...plan.sources.map((source) => putBack(source, input)),
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction({ plan, host, holdfastVersion, run }: RestoreDocumentInput): string {
  return `# Restore plan ${plan.name} of host ${host}

This tree is one backup: the files and database dumps of plan \`${plan.name}\` as of ${run.startedAt}, made by Holdfast
${holdfastVersion}. To get it back you need restic or tar, and the tools of the databases; you do not need Holdfast.

- \`manifest.json\`: every file with its size and SHA-256
${plan.sources.map((source) => `- ${describeSource(source)}`).join('\n')}

Work as root where you can: only root gives files back to their owners. The commands are for a POSIX shell.`;
}

function describeSource(source: Source): string {
  switch (source.kind) {
    case 'files':
      return `\`files/${source.name}/\`: files from below \`${source.base}\``;
    case 'sqlite':
      return `\`sqlite/\`: SQLite database \`${source.name}\`, from \`${source.path}\``;
    case 'mysql':
      return `\`mysql/\`: MySQL database \`${source.database}\` (source \`${source.name}\`)`;
  }
}

function chooseTarget(plan: Plan): string {
  return `## 1. Get the tree

Skip this if this file already lies in a restored tree; then set \`target\` to that directory. Otherwise choose an empty directory
with enough space, never one that is in use:

\`\`\`sh
target=/var/tmp/restore-${plan.name}
mkdir -p "$target" && chmod 700 "$target"
\`\`\``;
}

function fromRepository({ plan, host, run }: RestoreDocumentInput): string {
  const { repository } = plan;
  const location = redact(repository.location);
  const options = repository.options.map((option) => ` -o ${quote(redact(option))}`).join('');
  const filter = `--host ${quote(host)} --tag ${quote(planTag(plan.name))}`;
  const restic = `restic -r "$repository"${options}`;
  return `### From the restic repository

restic asks for the repository's password. Holdfast had it from ${describeSecret(repository.password)} on host ${host}. If that
machine is lost, use the copy of the password that you keep elsewhere: without it nobody can read the repository.
${location === repository.location ? '' : '\nThe location holds a password of its own, shown as `***` below: put it back in.\n'}${environmentNote(repository)}
\`\`\`sh
repository=${quote(location)}
${restic} snapshots ${filter}
\`\`\`

Take \`latest\` or an id from that list. The snapshot of this very run has the tag \`${runTag(run.runId)}\`.

\`\`\`sh
snapshot=latest
${restic} restore "$snapshot" ${filter} --target "$target"
\`\`\`

Paths in a snapshot start at the root of this tree: for one file alone add \`--include /manifest.json\`, or print it with
\`${restic} dump "$snapshot" ${filter} /manifest.json\`.`;
}

function environmentNote({ environment }: Repository): string {
  const names = Object.entries(environment).map(([name, value]) => {
    const origin = typeof value === 'string' ? 'a value in holdfast.yaml' : describeSecret(value);
    return `- \`${name}\`, from ${origin}`;
  });
  return names.length === 0 ? '' : `\nrestic needs these environment variables; set them first:\n\n${names.join('\n')}\n`;
}

function fromArchive(archive: Archive, run: RunReference): string {
  const decompress = archive.format === 'tar.zst' ? '--zstd' : '--gzip';
  return `### Or from the local archive

Instead of restic. The archives are \`${run.plan}-*.${archive.format}\` in \`${archive.directory}\`, named by their time in UTC; this run's is:

\`\`\`sh
archive=${quote(join(archive.directory, archiveName(run, archive.format)))}
tar ${decompress} -xpf "$archive" --numeric-owner --acls --xattrs --xattrs-include='*' -C "$target"
\`\`\``;
}

/** Names may hold anything but NUL, so they travel as base64; the \`x\` keeps a newline at the end of a name. */
const CHECK = `## 2. Check the tree

With jq and sha256sum. It prints each file that is missing or differs, and a last line with the counts:

\`\`\`sh
cd "$target"
jq -r '.entries[] | select(.type == "file") | (.path_base64 // (.path | @base64)) + " " + .sha256' manifest.json | (
  export LC_ALL=C
  good=0 bad=0
  while read -r encoded expected; do
    path=$(printf %s "$encoded" | base64 -d; printf x)
    path=\${path%x}
    actual=$(sha256sum < "./$path" | cut -d ' ' -f 1)
    if [ "$actual" = "$expected" ]; then
      good=$((good + 1))
    else
      bad=$((bad + 1))
      printf 'DIFFERS: %s\\n' "$path"
    fi
  done
  echo "as they were backed up: $good; different or missing: $bad"
  [ "$bad" -eq 0 ]
)
\`\`\``;

function putBack(source: Source, { restoreInstructions }: RestoreDocumentInput): string {
  const heading = `### ${sourceId(source)}`;
  if (source.kind === 'files') return `${heading}\n\n${filesInstructions(source)}`;
  return `${heading}\n\n${(restoreInstructions.get(sourceId(source)) ?? describeSource(source)).trim()}`;
}

function filesInstructions(source: FilesSource): string {
  const from = quote(`files/${source.name}/.`);
  const base = quote(source.base.endsWith('/') ? source.base : `${source.base}/`);
  return `Puts all files back in their places below \`${source.base}\`, with owners, modes and times. Files of the same name are
overwritten, others stay. To look first: \`rsync --archive --dry-run --itemize-changes ${from} ${base}\`

\`\`\`sh
mkdir -p ${base}
cp -a ${from} ${base}
\`\`\``;
}

/** For a POSIX shell. A leading dash is no matter here: no value stands where an option could. */
function quote(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) && !value.startsWith('-') ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
