import { expect, test } from '@jest/globals';
import { namedDamage, parseCheckSummary } from '../../../../activities/restic/check.ts';
import { parsePruneOutput } from '../../../../activities/restic/prune.ts';

const MIB = 1024 * 1024;
const PACK = 'f70fd1e5'.repeat(8);
const TREE = 'fb15e01c'.repeat(8);

test("prune's text of restic 0.19.1 is read", () => {
  const text = `to repack:             0 blobs / 0 B
this removes:          0 blobs / 0 B
to delete:            38 blobs / 57.225 MiB
total prune:          38 blobs / 57.250 MiB
remaining:            34 blobs / 1.500 GiB
unused size after prune: 12.000 KiB (0.02% of remaining size)

done`;
  expect(parsePruneOutput(text)).toEqual({ bytesFreed: 57.25 * MIB, bytesRemaining: 1536 * MIB, bytesUnused: 12 * 1024 });
});

test('a JSON summary, as later releases print it after other lines, is preferred to text', () => {
  const text = `loading all snapshots...
total prune:          38 blobs / 1.000 B
{"message_type":"summary","bytes":{"used":5,"remove_total":1234,"remaining":99,"remaining_unused":7},"packfiles":{}}
`;
  expect(parsePruneOutput(text)).toEqual({ bytesFreed: 1234, bytesRemaining: 99, bytesUnused: 7 });
});

test('a text without sizes gives nothing, rather than 0 bytes', () => {
  expect(parsePruneOutput('done')).toBeUndefined();
  expect(parsePruneOutput('total prune: 3 blobs / many\nremaining: 1 blobs / 1 B')).toBeUndefined();
});

test('the summary of a check is found among other lines, and text gives none', () => {
  const line = `{"message_type":"summary","num_errors":1,"broken_packs":["${PACK}"],"suggest_repair_index":false,"suggest_prune":true}`;
  expect(parseCheckSummary(`{"message_type":"new"}\n${line}\n`)).toMatchObject({ broken_packs: [PACK], suggest_prune: true });
  expect(parseCheckSummary('no errors were found\n')).toBeUndefined();
});

test('packs and trees are taken from the summary and from the sentences of the errors, each once', () => {
  const errors = [`pack ${PACK}: does not exist`, 'error for tree fb15e01c:', `  id ${TREE} not found in repository`];
  expect(namedDamage(errors, undefined)).toEqual({ packs: [PACK], trees: [TREE] });
  const summary = parseCheckSummary(`{"message_type":"summary","broken_packs":["${PACK}"]}`);
  expect(namedDamage([`pack ${PACK} contains 2 errors`], summary).packs).toEqual([PACK]);
});
