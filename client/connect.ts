import type { Client } from '@temporalio/client';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

/** Where Temporal is, from the standard TEMPORAL_* variables and profiles: the same ones as the `temporal` CLI reads. */
export interface ConnectionSettings {
  address: string;
  namespace: string;
  /** Name of the profile in `temporal.toml`; undefined when none was asked for. */
  profile: string | undefined;
  /** For `Connection.connect` and `NativeConnection.connect`; holds credentials. */
  options: Record<string, unknown> & { address: string };
}

/** An open connection to Temporal. */
export interface Temporal {
  client: Client;
  settings: ConnectionSettings;
  close(): Promise<void>;
}

const DEFAULT_ADDRESS = '127.0.0.1:7233';
const CONNECT_WITHIN_MS = 5_000;

/**
 * Reads the connection settings out of an environment.
 *
 * @throws {CommandError} Usage, when a profile or a file that is named does not exist.
 */
export async function readConnectionSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConnectionSettings> {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const variables = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const profile = environment['TEMPORAL_PROFILE'];
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(variables) });
    const address = connectionOptions.address ?? DEFAULT_ADDRESS;
    return { address, namespace: namespace ?? 'default', profile, options: { ...connectionOptions, address } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('Usage', EXIT.usage, `the TEMPORAL_* settings cannot be used: ${reason}`, { cause: error });
  }
}

/**
 * Connects to Temporal, or says within about five seconds that it cannot.
 *
 * @throws {CommandError} Unreachable (exit 20), naming address and profile.
 */
export async function connect(environment: Readonly<Record<string, string | undefined>>): Promise<Temporal> {
  const settings = await readConnectionSettings(environment);
  const { Client, Connection } = await import('@temporalio/client');
  const connection = Connection.lazy({ ...settings.options, connectTimeout: CONNECT_WITHIN_MS });
  try {
    await connection.ensureConnected();
    const client = new Client({ connection, namespace: settings.namespace });
    return { client, settings, close: () => connection.close() };
  } catch (error) {
    // Its attempts to reconnect would otherwise go on.
    await connection.close();
    throw new CommandError('Unreachable', EXIT.unreachable, unreachableMessage(settings), { cause: error });
  }
}

function unreachableMessage({ address, profile }: ConnectionSettings): string {
  const origin = profile === undefined ? 'TEMPORAL_ADDRESS' : `profile ${profile}`;
  return [
    `no Temporal server answers at ${address} (${origin}).`,
    'Start one together with a worker: holdfast up',
    'Or name the one that runs elsewhere: TEMPORAL_ADDRESS=HOST:PORT holdfast …',
  ].join('\n');
}
