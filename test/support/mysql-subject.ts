import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlSource } from '../../config/types.ts';
import type { ContractSubject, ContractWriter } from './database-contract.ts';
import type { DatabaseServer } from './database-server.ts';

/** Everything that an option file, a shell or an SQL string could trip over. */
export const PASSWORD = 'pa$$ "w\\ö\'rd#;';

/** Environment of a test context in which the sources of {@link DatabaseServer.source} find their password. */
export const SECRETS = { DB_PASSWORD: PASSWORD };

const PREPARE = `
CREATE USER 'backup'@'127.0.0.1' IDENTIFIED BY ${quote(PASSWORD)};
GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON \`tracker\`.* TO 'backup'@'127.0.0.1';
CREATE DATABASE control;
CREATE TABLE control.writer (is_stopped INT NOT NULL, commits INT NOT NULL);
INSERT INTO control.writer VALUES (1, 0);
CREATE DATABASE tracker CHARACTER SET utf8mb4;
USE tracker;
SET SESSION sql_mode = '';
CREATE TABLE torrents (id INT PRIMARY KEY AUTO_INCREMENT, info_hash VARCHAR(40) NOT NULL UNIQUE, completed INT NOT NULL DEFAULT 0);
CREATE TABLE torrent_aggregate_metrics (metric_name VARCHAR(50) PRIMARY KEY, value INT NOT NULL);
CREATE TABLE whitelist (id INT PRIMARY KEY AUTO_INCREMENT, torrent INT NOT NULL, FOREIGN KEY (torrent) REFERENCES torrents (id));
CREATE TABLE everything (
  id INT PRIMARY KEY AUTO_INCREMENT, text_column TEXT, blob_column BLOB, json_column JSON, bit_column BIT(8), date_column DATETIME,
  half INT, whole INT GENERATED ALWAYS AS (half * 2) STORED, price DECIMAL(10, 2), ratio DOUBLE, kind ENUM('a''b', 'c)'));
CREATE TABLE \`it's a "table"; -- with (dashes\` (\`a ) b\`\`(\` INT PRIMARY KEY COMMENT 'it''s; VALUES (1),(2)');
CREATE TABLE \`-dash\` (id INT PRIMARY KEY);
CREATE TABLE nothing (id INT PRIMARY KEY);
INSERT INTO \`it's a "table"; -- with (dashes\` VALUES (1), (2);
INSERT INTO \`-dash\` VALUES (1);
CREATE VIEW done AS SELECT id, '; CREATE TABLE \`no\` (' AS odd FROM torrents WHERE completed > 0;
DELIMITER //
CREATE TRIGGER before_everything BEFORE INSERT ON everything FOR EACH ROW BEGIN SET NEW.half = IFNULL(NEW.half, 1); /* ; */ END//
CREATE PROCEDURE tidy() BEGIN DELETE FROM torrents WHERE id < 0; INSERT INTO nothing VALUES (1), (2); END//
CREATE FUNCTION double_it(n INT) RETURNS INT DETERMINISTIC RETURN n * 2//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM torrents WHERE id < 0//
CREATE PROCEDURE control.write_on()
BEGIN
  DECLARE n INT DEFAULT 0;
  WHILE (SELECT is_stopped FROM control.writer) = 0 DO
    SET n = n + 1;
    START TRANSACTION;
    UPDATE tracker.torrents SET completed = completed + 1 WHERE id = 1 + n % 1000;
    INSERT INTO tracker.torrents (info_hash, completed) VALUES (CONCAT('new ', UUID_SHORT()), 0);
    UPDATE tracker.torrent_aggregate_metrics SET value = value + 1;
    UPDATE control.writer SET commits = commits + 1;
    COMMIT;
  END WHILE;
END//
DELIMITER ;
`;

const ROWS = `
INSERT INTO torrents (info_hash) SELECT HEX(a.n * 1000 + b.n) FROM (${numbers(100)}) a, (${numbers(100)}) b;
INSERT INTO torrent_aggregate_metrics VALUES ('completed', 0), ('torrents', (SELECT COUNT(*) FROM torrents));
INSERT INTO whitelist (torrent) SELECT id FROM torrents WHERE id % 7 = 0;
INSERT INTO everything (text_column, blob_column, json_column, bit_column, date_column, half, price, ratio, kind) VALUES
  ('a''b\\\\n"x"),(1,2 -- 🦭 ünï', X'${allBytes()}', '{"a": "1), (2"}', b'101', '2026-02-28 23:59:59', 4, -1.5, 1.5e300, 'a''b'),
  ('multi\\nline; INSERT INTO torrents VALUES (1),(2);', X'', '[]', b'0', '0000-00-00 00:00:00', NULL, 0, -2, 'c)'),
  ('\\\\', NULL, NULL, NULL, NULL, -3, NULL, NULL, NULL), ('', X'27', NULL, NULL, NULL, 0, NULL, NULL, NULL);
ANALYZE TABLE torrents, everything, whitelist;
`;

/** Makes the database \`tracker\` of the contract, with one of everything, and an account that may read all of it. */
export async function createSubject(server: DatabaseServer): Promise<ContractSubject<MysqlSource>> {
  await server.sql(PREPARE);
  const isMysql = server.recipe.title === 'MySQL';
  await server.sql(`GRANT ${isMysql ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc'} TO 'backup'@'127.0.0.1'`);
  await server.sql(`SET SESSION sql_mode = ''; ${ROWS}`, 'tracker');
  const source = server.source();
  return {
    source,
    missing: {
      ...source,
      address: { kind: 'socket', path: server.socket },
      user: 'root',
      password: undefined,
      database: 'nowhere',
    },
    countRows: () => countRows(server, 'tracker'),
    startWriter: () => startWriter(server),
    restore: (dump) => restore(server, dump),
    dispose: () => server.stop(),
  };
}

/** Rows per table, asked of the server itself. */
export async function countRows(server: DatabaseServer, database: string): Promise<Record<string, number>> {
  const questions = await server.sql(
    `SELECT CONCAT('SELECT 0x', HEX(table_name), ', COUNT(*) FROM \`', REPLACE(table_name, '\`', '\`\`'), '\`;')
     FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'`,
    database,
  );
  const rows = questions === '' ? '' : await server.sql(questions, database);
  return Object.fromEntries(
    rows
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => {
        const [name = '', count] = row.split('\t');
        return [name, Number(count)];
      }),
  );
}

/** Loads a dump into a new database of the server as RESTORE.md says, checks its tables, counts its rows, and drops it again. */
async function restore(server: DatabaseServer, dump: string): Promise<Record<string, number>> {
  const database = await loadDump(server, dump);
  const [sum, value] = (
    await server.sql(
      `SELECT SUM(completed), (SELECT value FROM torrent_aggregate_metrics WHERE metric_name = 'completed') FROM torrents`,
      database,
    )
  ).split('\t');
  if (sum !== value) throw new Error(`the dump mixes two states: ${sum} completed, but ${value} counted`);
  const rows = await countRows(server, database);
  await server.sql(`DROP DATABASE ${database}`);
  return rows;
}

let databases = 0;

/** Loads a dump into a new database and returns its name. */
export async function loadDump(server: DatabaseServer, dump: string): Promise<string> {
  databases += 1;
  const database = `restored_${databases}`;
  await server.sql(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  const loaded = await server.load(await readFile(dump), database);
  if (loaded.exitCode !== 0) throw new Error(`the dump does not load: ${loaded.stderr}`);
  return database;
}

/** Invariant: the sum of \`completed\` over all torrents is the metric of that name. */
async function startWriter(server: DatabaseServer): Promise<ContractWriter> {
  await server.sql('UPDATE control.writer SET is_stopped = 0');
  const running = server.sql('CALL control.write_on()');
  const commits = async () => Number(await server.sql('SELECT commits FROM control.writer'));
  const before = await commits();
  while ((await commits()) === before) await sleep(10);
  return {
    commits,
    stop: async () => {
      await server.sql('UPDATE control.writer SET is_stopped = 1');
      await running;
      // InnoDB takes up to ten seconds to notice how a table grew, and the contract asks for estimates at once.
      await server.sql('ANALYZE TABLE torrents', 'tracker');
    },
  };
}

export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function numbers(count: number): string {
  return Array.from({ length: count }, (_, index) => `SELECT ${index} AS n`).join(' UNION ALL ');
}

function allBytes(): string {
  return Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('hex');
}
