import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { configurationWarnings, loadConfiguration } from '../../../config/index.ts';

interface Volume {
  type: string;
  source: string;
}

interface Service {
  profiles?: string[];
  image?: string;
  environment?: Record<string, string>;
  ports?: string[];
  secrets?: string[];
  volumes?: (string | Volume)[];
  networks?: string[] | Record<string, unknown>;
  security_opt?: string[];
  hostname?: string;
  privileged?: boolean;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const root = new URL('../../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const running = (profile: string) =>
  services.filter(([, { profiles }]) => profiles === undefined || profiles.includes(profile)).map(([name]) => name);

test('Without a profile the development server runs beside the worker', () => {
  expect(read('.env')).toMatch(/^COMPOSE_PROFILES=light$/m);
  expect(running('light').toSorted()).toEqual(['temporal', 'temporal-retention', 'worker']);
});

test('The production profile runs a server with PostgreSQL and Web UI, and not the development server', () => {
  const expected = ['postgres', 'temporal-namespace', 'temporal-schema', 'temporal-server', 'temporal-ui', 'worker'];
  expect(running('production').toSorted()).toEqual(expected);
});

test('Every published port is bound to 127.0.0.1, and no two of one profile are the same', () => {
  const ports = services.flatMap(([, { ports = [] }]) => ports);
  expect(ports.length).toBeGreaterThanOrEqual(5);
  expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
  for (const profile of ['light', 'production']) {
    const published = running(profile).flatMap((name) => compose.services[name]?.ports ?? []);
    const hostPorts = published.map((port) => port.split(':')[1]);
    expect(new Set(hostPorts).size).toBe(hostPorts.length);
  }
});

test('No environment holds a secret: what sounds like one is the path of a file', () => {
  const entries = services.flatMap(([service, { environment = {} }]) =>
    Object.entries(environment).map(([name, value]) => ({ service, name, value })),
  );
  expect(entries.length).toBeGreaterThan(5);
  const suspicious = entries.filter(({ name }) => /passw|pwd|secret|token|key|credential/i.test(name));
  expect(suspicious).toEqual([{ service: 'postgres', name: 'POSTGRES_PASSWORD_FILE', value: '/run/secrets/postgres-password' }]);
});

test('A secret is mounted where it is needed and nowhere else, from a file that git ignores', () => {
  const holders = (secret: string) => services.filter(([, { secrets = [] }]) => secrets.includes(secret)).map(([name]) => name);
  expect(holders('restic-password')).toEqual(['worker']);
  expect(holders('postgres-password').toSorted()).toEqual(['postgres', 'temporal-schema', 'temporal-server']);
  for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/deploy\/secrets\/[\w-]+$/);
  expect(read('deploy/secrets/.gitignore').split('\n')).toContain('*');
});

test('Every volume is named or lies below the checkout', () => {
  const sources = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => (typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source)),
  );
  expect(sources.length).toBeGreaterThan(5);
  for (const source of sources) {
    if (source.startsWith('./')) continue;
    expect(Object.keys(compose.volumes)).toContain(source);
  }
});

test('No container gains rights, and the worker’s hostname stays unique', () => {
  for (const [name, service] of services) {
    expect({ name, options: service.security_opt }).toEqual({ name, options: ['no-new-privileges:true'] });
    expect(service.privileged).toBeUndefined();
  }
  expect(compose.services['worker']?.hostname).toBeUndefined();
});

test('PostgreSQL is on a network of its own', () => {
  const members = services.filter(([, { networks = [] }]) =>
    (Array.isArray(networks) ? networks : Object.keys(networks)).includes('database'),
  );
  expect(members.map(([name]) => name).toSorted()).toEqual(['postgres', 'temporal-schema', 'temporal-server']);
  expect(compose.services['postgres']?.networks).toEqual(['database']);
});

test('Every image is pinned to a version', () => {
  const images = services.flatMap(([name, { image = '' }]) => (name === 'worker' ? [] : [image]));
  expect(images.filter((image) => !/:\d+(\.\d+)*$/.test(image))).toEqual([]);
});

test('The scripts that containers run are those in the checkout', () => {
  const scripts = readdirSync(fileURLToPath(new URL('deploy/temporal/', root))).filter((name) => name.endsWith('.sh'));
  const named = read('docker-compose.yml').match(/\/opt\/holdfast\/[\w-]+\.sh/g) ?? [];
  expect(new Set(named.map((path) => path.replace('/opt/holdfast/', '')))).toEqual(new Set(scripts));
});

test('What the image build sees is a list of what it reads, and no secret can be among it', () => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines[0]).toBe('*');
  const admitted = lines.slice(1);
  expect(admitted.filter((line) => !line.startsWith('!'))).toEqual([]);
  expect(admitted.filter((line) => /deploy|secret|env$|data|yaml/.test(line))).toEqual([]);
  for (const line of admitted) expect(existsSync(new URL(line.slice(1), root))).toBe(true);
});

test('The example configuration for containers is valid, and gives no warning', async () => {
  const file = fileURLToPath(new URL('deploy/holdfast.example.yaml', root));
  const configuration = await loadConfiguration({ file, environment: {} });
  expect(configurationWarnings(configuration)).toEqual([]);
  const mounted = compose.services['worker']?.volumes?.flatMap((volume) =>
    typeof volume === 'string' ? [volume.split(':')[1]] : [],
  );
  const { stagingDirectory, stateDirectory, restoreDirectory } = configuration;
  expect(mounted).toEqual(
    expect.arrayContaining([stagingDirectory, stateDirectory, restoreDirectory, '/backups', '/repository']),
  );
});
