import { z } from 'zod';
import { configurationSchema } from './schema.ts';

/** The part of a JSON Schema that is walked here. */
export interface JsonSchemaNode {
  type?: string;
  description?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, JsonSchemaNode>;
  additionalProperties?: JsonSchemaNode | boolean;
  items?: JsonSchemaNode;
  anyOf?: JsonSchemaNode[];
}

/** JSON Schema draft 7 of the file: the version that the YAML extensions of editors know fully. */
export function configurationJsonSchema(): JsonSchemaNode {
  return z.toJSONSchema(configurationSchema, { io: 'input', target: 'draft-7' }) as JsonSchemaNode;
}

/** The text of `holdfast.schema.json`, with a newline at its end. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(allowReferences(configurationJsonSchema(), ''), undefined, 2)}\n`;
}

const REFERENCE: JsonSchemaNode = { type: 'string', pattern: '\\$\\{[A-Za-z_]' };

/**
 * Lets `${NAME}` stand for any value that has a stricter type than text, so that an editor does not underline it. Not where
 * secrets are: there only the path of a file may use it.
 */
function allowReferences(node: JsonSchemaNode, key: string, isSecret = false): JsonSchemaNode {
  const inSecret = isSecret || key === 'password' || key === 'environment';
  const descend = (child: JsonSchemaNode, name: string) => allowReferences(child, name, inSecret);
  const walked: JsonSchemaNode = { ...node };
  if (node.properties !== undefined) {
    walked.properties = Object.fromEntries(Object.entries(node.properties).map(([name, child]) => [name, descend(child, name)]));
  }
  if (typeof node.additionalProperties === 'object') walked.additionalProperties = descend(node.additionalProperties, '');
  if (node.items !== undefined) walked.items = descend(node.items, key);
  if (node.anyOf !== undefined) walked.anyOf = node.anyOf.map((child) => descend(child, key));
  return isStrict(node) && (!inSecret || key === 'file') ? withReference(walked) : walked;
}

function isStrict({ type, pattern, enum: values, const: constant }: JsonSchemaNode): boolean {
  if (constant !== undefined) return false;
  return pattern !== undefined || values !== undefined || ['integer', 'number', 'boolean'].includes(type ?? '');
}

function withReference({ description, default: preset, examples, ...rest }: JsonSchemaNode): JsonSchemaNode {
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [rest, REFERENCE],
  };
}
