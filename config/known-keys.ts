import { configurationJsonSchema, type JsonSchemaNode } from './json-schema.ts';
import type { DocumentPath } from './path.ts';

/** The keys that a mapping at this place of the file may have; empty where names are free. */
export function knownKeys(path: DocumentPath): string[] {
  let nodes: JsonSchemaNode[] = [configurationJsonSchema()];
  for (const step of path) nodes = nodes.flatMap((node) => alternatives(node)).flatMap((node) => childrenOf(node, step));
  return nodes.flatMap((node) => alternatives(node)).flatMap((node) => Object.keys(node.properties ?? {}));
}

function alternatives(node: JsonSchemaNode): JsonSchemaNode[] {
  return node.anyOf ?? [node];
}

function childrenOf(node: JsonSchemaNode, step: string | number): JsonSchemaNode[] {
  if (typeof step === 'number') return node.items === undefined ? [] : [node.items];
  const child = node.properties?.[step] ?? node.additionalProperties;
  return typeof child === 'object' ? [child] : [];
}
