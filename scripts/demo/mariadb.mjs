import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const SERVER = ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/bin/mariadbd'].find((path) => existsSync(path));

/**
 * Starts a MariaDB server of its own in a directory, with a tracker's tables, on the loopback interface alone.
 *
 * Returns undefined where there is no server to start.
 */
export async function startMariadb(children, { directory, port }) {
  if (SERVER === undefined) return undefined;
  const ready = `${directory}.ready`;
  const isNew = !existsSync(ready);
  const user = userInfo().username;
  if (isNew) {
    // What a demo that was cut off left is of no use.
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await children.run('mariadb-install-db', [
      '--no-defaults',
      `--datadir=${directory}`,
      `--user=${user}`,
      '--auth-root-authentication-method=normal',
      '--force',
      '--skip-test-db',
    ]);
  }
  // A socket's path may have 107 bytes at most, and a checkout may lie deep.
  const socketDirectory = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  children.removeAtEnd(socketDirectory);
  const socket = join(socketDirectory, 'mariadb.sock');
  children.start(SERVER, [
    '--no-defaults',
    `--datadir=${directory}`,
    `--socket=${socket}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--user=${user}`,
  ]);
  await answers(children, socket);
  if (isNew) await children.run('mariadb', ['--no-defaults', `--socket=${socket}`, '--user=root'], TABLES);
  await writeFile(ready, '');
  return { port, user: 'backup', password: PASSWORD, database: 'tracker' };
}

const PASSWORD = 'demo pa$$word';

const TABLES = `
CREATE DATABASE tracker CHARACTER SET utf8mb4;
CREATE USER backup@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';
CREATE USER backup@localhost IDENTIFIED BY '${PASSWORD}';
GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON tracker.* TO backup@'127.0.0.1', backup@localhost;
GRANT SELECT ON mysql.proc TO backup@'127.0.0.1', backup@localhost;
USE tracker;
CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash BINARY(20) NOT NULL UNIQUE, completed INT NOT NULL DEFAULT 0);
CREATE TABLE \`keys\` (id INT PRIMARY KEY AUTO_INCREMENT, \`key\` VARCHAR(32) NOT NULL UNIQUE, valid_until INT);
INSERT INTO torrents (info_hash, completed) SELECT UNHEX(SHA1(CONCAT(seq, RAND()))), FLOOR(RAND() * 1000) FROM seq_1_to_50000;
INSERT INTO \`keys\` (\`key\`) SELECT MD5(CONCAT(seq, RAND())) FROM seq_1_to_100;
CREATE VIEW popular AS SELECT * FROM torrents WHERE completed > 900;
`;

async function answers(children, socket) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (existsSync(socket)) return;
    if (Date.now() > deadline) throw new Error('the MariaDB server did not come up within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
