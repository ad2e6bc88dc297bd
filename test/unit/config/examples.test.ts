import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfiguration, renderExample, renderJsonSchema } from '../../../config/index.ts';

const ROOT = join(import.meta.dirname, '../../..');

test('every example can be loaded', async () => {
  const files = (await readdir(join(ROOT, 'examples'))).filter((name) => name.endsWith('.yaml'));
  expect(files).toEqual(expect.arrayContaining(['holdfast.yaml', 'torrust.yaml']));
  for (const name of files) {
    const configuration = await loadConfiguration({
      file: join(ROOT, 'examples', name),
      environment: { HOLDFAST_HOST: 'tracker-1' },
    });
    expect(configuration.host).toBe('tracker-1');
  }
});

test('`config example` prints examples/holdfast.yaml', async () => {
  expect(renderExample()).toBe(await readFile(join(ROOT, 'examples/holdfast.yaml'), 'utf8'));
});

test('holdfast.schema.json is what the schema gives; renew it with: holdfast config schema > holdfast.schema.json', async () => {
  expect(await readFile(join(ROOT, 'holdfast.schema.json'), 'utf8')).toBe(renderJsonSchema());
});

interface Node {
  description?: string;
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
}

/** Paths of options that an editor would show without a word of explanation. */
function undescribed(node: Node, path: string): string[] {
  const nested = typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
  const children = [...nested, ...(node.items === undefined ? [] : [node.items]), ...(node.anyOf ?? [])];
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
      ...(child.description === undefined ? [`${path}.${key}`] : []),
      ...undescribed(child, `${path}.${key}`),
    ]),
    ...children.flatMap((child) => undescribed(child, `${path}.*`)),
  ];
}

test('the JSON Schema describes every option', () => {
  const schema = JSON.parse(renderJsonSchema()) as Node;
  expect(Object.keys(schema.properties ?? {})).toContain('plans');
  expect(undescribed(schema, '')).toEqual([]);
});
