import type { Configuration } from '../config/types.ts';
import { connect, type Temporal } from './connect.ts';
import type { Io } from './io.ts';

/** What a command is given beside its own arguments. */
export interface Context {
  readonly io: Io;
  /** Value of the global `--config`. */
  configurationFlag: string | undefined;
  /** Set by the command that ran. */
  exitCode: number;
}

/** Path of the configuration that this command is about. @throws {ConfigurationError} when there is none. */
export async function locateConfiguration({ io, configurationFlag }: Context): Promise<string> {
  const { findConfigurationFile } = await import('../config/index.ts');
  return findConfigurationFile({ flag: configurationFlag, environment: io.environment, cwd: io.workingDirectory });
}

/** Finds and reads the configuration. @throws {ConfigurationError} with all its problems. */
export async function readConfiguration(context: Context): Promise<Configuration> {
  const { loadConfiguration } = await import('../config/index.ts');
  return loadConfiguration({ file: await locateConfiguration(context), environment: context.io.environment });
}

/** Runs a body with a connection to Temporal and closes that afterwards. @throws {CommandError} Unreachable */
export async function withTemporal<Result>({ io }: Context, body: (temporal: Temporal) => Promise<Result>): Promise<Result> {
  const temporal = await connect(io.environment);
  try {
    return await body(temporal);
  } finally {
    await temporal.close();
  }
}

/** Prints a command's result: one JSON document, or lines for people. */
export function printResult(context: Context, isJson: boolean, result: { document: unknown; lines: readonly string[] }): void {
  const text = isJson ? `${JSON.stringify(result.document, undefined, 2)}\n` : result.lines.map((line) => `${line}\n`).join('');
  context.io.stdout.write(text);
}

/** Says something on standard error. */
export function say({ io }: Pick<Context, 'io'>, ...lines: readonly string[]): void {
  for (const line of lines) io.stderr.write(`${line}\n`);
}
