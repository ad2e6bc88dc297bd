import type { Client } from '@temporalio/client';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';
import { isPortRefused } from './refused-port.ts';

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

/** gRPC status code (github.com/grpc/grpc, doc/statuscodes.md). */
const NOT_FOUND = 5;

/**
 * Connects to Temporal, or says that it cannot: at once when the port refuses, else within about five seconds.
 *
 * @throws {CommandError} Unreachable (exit 20), naming address and profile, or the namespace that is not there.
 */
export async function connect(environment: Readonly<Record<string, string | undefined>>): Promise<Temporal> {
  const settings = await readConnectionSettings(environment);
  if (await isPortRefused(settings.address, environment)) throw unreachable(unreachableMessage(settings));
  const { Client, Connection } = await import('@temporalio/client');
  const connection = Connection.lazy({ ...settings.options, connectTimeout: CONNECT_WITHIN_MS });
  try {
    await connection.ensureConnected();
    const client = new Client({ connection, namespace: settings.namespace });
    if (await isNamespaceMissing(client)) throw unreachable(namespaceMessage(settings));
    return { client, settings, close: () => connection.close() };
  } catch (error) {
    // Its attempts to reconnect would otherwise go on.
    await connection.close();
    throw error instanceof CommandError ? error : unreachable(unreachableMessage(settings), error);
  }
}

async function isNamespaceMissing({ workflowService, options: { namespace } }: Client): Promise<boolean> {
  try {
    await workflowService.describeNamespace({ namespace });
    return false;
  } catch (error) {
    // Whoever may not look may still work in it.
    return error instanceof Error && 'code' in error && error.code === NOT_FOUND;
  }
}

function unreachable(message: string, cause?: unknown): CommandError {
  return new CommandError('Unreachable', EXIT.unreachable, message, { cause });
}

function namespaceMessage({ address, namespace, profile }: ConnectionSettings): string {
  const origin = profile === undefined ? 'TEMPORAL_NAMESPACE' : `TEMPORAL_NAMESPACE or profile ${profile}`;
  return [
    `the Temporal server at ${address} has no namespace ${namespace} (${origin}).`,
    'Name one that it has: TEMPORAL_NAMESPACE=default holdfast …',
    `Or create it: temporal operator namespace create -n ${namespace}`,
  ].join('\n');
}

function unreachableMessage({ address, profile }: ConnectionSettings): string {
  const origin = profile === undefined ? 'TEMPORAL_ADDRESS' : `profile ${profile}`;
  return [
    `no Temporal server answers at ${address} (${origin}).`,
    'Start one together with a worker: holdfast up',
    'Or name the one that runs elsewhere: TEMPORAL_ADDRESS=HOST:PORT holdfast …',
  ].join('\n');
}
