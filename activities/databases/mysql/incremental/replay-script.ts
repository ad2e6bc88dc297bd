import { PATCH_WINDOW } from '../../chain/zstd.ts';
import { type Chain, textName } from './chain.ts';

/** A patch to apply: names of files; a base lies in the chain, and all other texts are made on the way. */
export interface ReplayStep {
  from: string;
  patch: string;
  to: string;
}

/** Steps from dump to dump; `texts` are the parts of it afterwards. */
export interface ReplayStage {
  steps: ReplayStep[];
  texts: string[];
}

/** How the dump of a chain is made. @throws {RangeError} where a part is of one that is not there */
export function replayStages({ base, deltas }: Chain): ReplayStage[] {
  let texts = base.map(({ name }) => name);
  const stages: ReplayStage[] = [{ steps: [], texts }];
  for (const [index, { parts }] of deltas.entries()) {
    const before = texts;
    const steps: ReplayStep[] = [];
    texts = parts.map(({ from, patch }, part) => {
      const name = before[from];
      if (name === undefined) throw new RangeError(`dump ${index + 1} is made of a part ${from + 1} that is not there`);
      if (patch === undefined) return name;
      const to = textName(index + 1, part);
      steps.push({ from: name, patch: patch.name, to });
      return to;
    });
    stages.push({ steps, texts });
  }
  return stages;
}

/** How a part of the last dump is made: of one file, by patches one after the other. */
export interface Lineage {
  base: string;
  patches: string[];
}

/** Where the parts of the last dump come from. */
export function lineages(stages: readonly ReplayStage[]): Lineage[] {
  const made = new Map(stages.flatMap(({ steps }) => steps.map((step) => [step.to, step])));
  return (stages.at(-1)?.texts ?? []).map((text) => {
    const patches: string[] = [];
    let base = text;
    for (let step = made.get(base); step !== undefined; step = made.get(base)) {
      patches.unshift(step.patch);
      base = step.from;
    }
    return { base, patches };
  });
}

/** Whether a text is one of the chain itself. */
export function isBase(name: string): boolean {
  return name.startsWith('base');
}

/** Where the script has a text, quoted for a shell. Names have no characters that mean anything to it. */
function place(name: string): string {
  return isBase(name) ? `"$here/${name}"` : `"$work/${name}"`;
}

/** `replay.sh` of a chain: makes the dump by plain zstd, for any POSIX shell. */
export function replayScript(chain: Chain): string {
  const stages = replayStages(chain);
  const lines = stages.flatMap(({ steps, texts }, index) => {
    const gone = (stages[index - 1]?.texts ?? []).filter((name) => !isBase(name) && !texts.includes(name));
    return [
      ...steps.map(({ from, patch, to }) => `apply ${place(from)} "$here/${patch}" ${place(to)}`),
      ...(gone.length === 0 ? [] : [`rm -f -- ${gone.map(place).join(' ')}`]),
    ];
  });
  const last = stages.at(-1)?.texts ?? [];
  return `#!/bin/sh
# Makes the dump of ${chain.source} of base.sql and the numbered patches beside this file: sh replay.sh TARGET
set -eu
target=\${1:?sh replay.sh TARGET: where to, a file that is not there yet}
here=$(dirname -- "$0")
work=$target.replay
for file in "$target" "$work"; do
  if [ -e "$file" ]; then echo "$file is there already" >&2; exit 1; fi
done
umask 077
mkdir -- "$work"
trap 'rm -rf -- "$work"' EXIT
apply() { zstd -q -d ${PATCH_WINDOW} --patch-from="$1" "$2" -o "$3"; }
${lines.join('\n')}
cat -- ${last.map(place).join(' ')} > "$target"
echo '${chain.dump.sha256}' | {
  read -r expected
  actual=$(sha256sum < "$target" | cut -d ' ' -f 1)
  if [ "$actual" != "$expected" ]; then echo "$target is not what was backed up: SHA-256 $actual" >&2; exit 1; fi
}
echo "$target is what was backed up"
`;
}
