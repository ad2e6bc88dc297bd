import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contract/names.ts';

/** `INDEXED_VALUE_TYPE_KEYWORD` of temporal.api.enums.v1. */
const KEYWORD = 2;

/**
 * Registers the search attributes that are missing in a namespace.
 *
 * Returns whether all of them can be used. Where this is not allowed (Temporal Cloud, an authorizer), one of the
 * names has another type, or there is no room for four more Keywords, runs go on without them.
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  const wanted = Object.values(SEARCH_ATTRIBUTES);
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    if (wanted.some((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD)) return false;
    const missing = wanted.filter((name) => !Object.hasOwn(customAttributes, name));
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    }
    return await areUsable(connection, namespace);
  } catch {
    return false;
  }
}

/** A new attribute is listed at once but refused for some tenths of a second by the server's cache: wait until a query takes it. */
async function areUsable(connection: Connection, namespace: string): Promise<boolean> {
  const query = Object.values(SEARCH_ATTRIBUTES)
    .map((name) => `${name} = 'x'`)
    .join(' AND ');
  for (let attempt = 0; attempt < 50; attempt++) {
    const answer = await connection.workflowService.countWorkflowExecutions({ namespace, query }).catch(() => undefined);
    if (answer !== undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
