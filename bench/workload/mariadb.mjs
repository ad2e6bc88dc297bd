import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const SERVER = ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/bin/mariadbd'].find((path) => existsSync(path));
const UP_WITHIN_MS = 60_000;

/** Measured: bytes of table and index per torrent in InnoDB, after random inserts. */
const BYTES_PER_TORRENT = 115;

const PASSWORD = 'bench';

/** A MariaDB server of the bench's own, on the loopback interface alone, with a tracker's tables; the same rows for the same seed. */
export class Mariadb {
  /** @param {import('../../scripts/demo/children.mjs').Children} children */
  constructor(children, directory, port) {
    this.children = children;
    this.directory = directory;
    this.socket = join(directory, 'server.sock');
    this.access = { port, user: 'backup', password: PASSWORD, database: 'tracker' };
  }

  /** Starts it with about `bytes` in it. Returns undefined where there is no server to start. */
  static async start(children, { directory, port, bytes, seed }) {
    if (SERVER === undefined) return undefined;
    const server = new Mariadb(children, directory, port);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await server.#initialise();
    await server.sql(tables(Math.ceil(bytes / BYTES_PER_TORRENT), seed));
    return server;
  }

  async #initialise() {
    const data = `--datadir=${join(this.directory, 'data')}`;
    const user = `--user=${userInfo().username}`;
    const install = ['--no-defaults', data, user, '--auth-root-authentication-method=normal', '--force', '--skip-test-db'];
    await this.children.run('mariadb-install-db', install);
    const network = [`--socket=${this.socket}`, `--port=${this.access.port}`, '--bind-address=127.0.0.1'];
    const log = ['--log-bin=binlog', '--binlog-format=ROW', '--server-id=1', '--expire-logs-days=2'];
    const memory = ['--innodb-buffer-pool-size=512M', '--innodb-flush-log-at-trx-commit=2'];
    this.children.start(SERVER, ['--no-defaults', data, user, ...network, ...log, ...memory]);
    const deadline = Date.now() + UP_WITHIN_MS;
    while (!existsSync(this.socket)) {
      if (Date.now() > deadline) throw new Error(`the MariaDB server in ${this.directory} did not come up`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  sql(text) {
    return this.children.run(
      'mariadb',
      ['--no-defaults', `--socket=${this.socket}`, '--user=root', '--batch', '--skip-column-names'],
      text,
    );
  }

  /** One day of work, as sqlite-work.py does it. @param {string} pattern @param {string} seed */
  async work(pattern, seed) {
    const day = DAYS[pattern];
    await this.sql(`USE tracker; SET @rows = (SELECT count(*) FROM torrents); ${day(seed)} ${FLUSH}`);
  }

  /** Keeps the rows as they are now, for `changedRows`, in a database that nobody backs up. */
  async remember() {
    await this.sql(
      `SET sql_log_bin = 0; CREATE OR REPLACE DATABASE bench; CREATE TABLE bench.known (PRIMARY KEY (id)) SELECT * FROM tracker.torrents`,
    );
  }

  /** The rows that changed or are new since it was last asked, as a dump writes them. */
  async changedRows() {
    const row = "CONCAT('(', new.id, ',0x', HEX(new.info_hash), ',', new.completed, '),')";
    const text = await this.sql(`SELECT ${row} ${CHANGED}`);
    await this.sql(`SET sql_log_bin = 0; REPLACE INTO bench.known SELECT new.* ${CHANGED}`);
    return text;
  }
}

const CHANGED = `FROM tracker.torrents AS new LEFT JOIN bench.known AS old ON old.id = new.id
  WHERE old.id IS NULL OR old.completed <> new.completed`;

/** Writes to the file what is changed in memory alone, for the limit, which reads files. */
const FLUSH = 'FLUSH TABLES torrents FOR EXPORT; UNLOCK TABLES;';

/** Picks rows of the whole table at random, the same for the same seed. */
const update = (share, seed) =>
  `UPDATE torrents SET completed = completed + 1 WHERE CRC32(CONCAT(id, '${seed}')) < ${Math.round(share * 2 ** 32)};`;
const insert = (share, seed) =>
  `SET @sql = CONCAT("INSERT INTO torrents (info_hash, completed) SELECT UNHEX(SHA1(CONCAT(seq, '${seed}'))), seq % 1000 FROM seq_1_to_",
   GREATEST(1, FLOOR(@rows * ${share}))); EXECUTE IMMEDIATE @sql;`;

/** A page of 16 KiB holds about 300 rows, of 35 bytes and a bit. */
const ROWS_PER_PAGE = 300;

const DAYS = {
  unchanged: () => '',
  'pages-0.2': (seed) => update(0.002 / ROWS_PER_PAGE, seed),
  'pages-2': (seed) => update(0.02 / ROWS_PER_PAGE, seed),
  'inserts-2': (seed) => insert(0.02, seed),
  'tracker-like': (seed) => update(0.002, seed) + insert(0.005, seed),
};

/** The patterns of a day's work. */
export const PATTERNS = Object.keys(DAYS);

function tables(rows, seed) {
  return `
CREATE DATABASE tracker CHARACTER SET utf8mb4;
CREATE USER backup@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';
CREATE USER backup@localhost IDENTIFIED BY '${PASSWORD}';
GRANT ALL ON *.* TO backup@'127.0.0.1', backup@localhost;
USE tracker;
CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash BINARY(20) NOT NULL, completed INT NOT NULL DEFAULT 0);
CREATE TABLE whitelist (id INT PRIMARY KEY AUTO_INCREMENT, info_hash BINARY(20) NOT NULL UNIQUE);
CREATE TABLE \`keys\` (id INT PRIMARY KEY AUTO_INCREMENT, \`key\` VARCHAR(32) NOT NULL UNIQUE, valid_until INT);
INSERT INTO torrents (info_hash, completed) SELECT UNHEX(SHA1(CONCAT(seq, '${seed}'))), seq % 1000 FROM seq_1_to_${rows};
INSERT INTO \`keys\` (\`key\`) SELECT MD5(CONCAT(seq, '${seed}')) FROM seq_1_to_1000;
ALTER TABLE torrents ADD UNIQUE (info_hash);
RESET MASTER;
${FLUSH}
`;
}
