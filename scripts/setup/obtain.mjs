// Gets a local copy of a tool: tries one route after the other, and takes the first whose binary runs and is new enough.
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './context.mjs';
import { describe, examine } from './tools.mjs';

/**
 * @typedef {object} Route
 * @property {string} name where it comes from, as the operator reads it
 * @property {(directory: string, context: import('./context.mjs').Context) => Promise<string>} fetch puts the binary somewhere
 *   below an empty directory and returns its path; throws a SetupError when that cannot be done
 */

/**
 * @param {import('./tools.mjs').Tool} tool
 * @param {Route[]} routes
 * @param {import('./context.mjs').Context} context
 * @throws {SetupError} that lists why each route failed
 */
export async function obtain(tool, routes, context) {
  const reasons = [];
  for (const route of routes) {
    const directory = makeDirectory(context);
    try {
      context.say(`getting ${tool.name} from ${route.name}`);
      const file = await route.fetch(directory, context);
      chmodSync(file, 0o755);
      const finding = await examine(tool, file);
      if (finding.state !== 'good') throw new SetupError(describe(finding));
      mkdirSync(context.bin, { recursive: true });
      renameSync(file, join(context.bin, tool.programs[0]));
      return { ...finding, file: join(context.bin, tool.programs[0]) };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      context.say(`no ${tool.name} from ${route.name}: ${error.message}`);
      reasons.push(`${route.name}: ${error.message}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  throw new SetupError(reasons.map((reason) => `\n    ${reason}`).join(''));
}

/** A new directory on the file system of `.tools`, so that its files can be renamed into place. */
function makeDirectory(context) {
  mkdirSync(context.tools, { recursive: true });
  return mkdtempSync(join(context.tools, 'fetch-'));
}
