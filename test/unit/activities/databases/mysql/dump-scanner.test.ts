import { expect, test } from '@jest/globals';
import type { DumpContents } from '../../../../../activities/databases/mysql/dump-contents.ts';
import { DumpScanner } from '../../../../../activities/databases/mysql/dump-scanner.ts';

const TRICKY = `/*M!999999\\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB
-- it's a comment; CREATE TABLE \`no\` (a int);
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/* a block; INSERT INTO \`no\` VALUES (1); ** / -- */
# another; 'quote
DROP TABLE IF EXISTS \`it's\`;
CREATE TABLE \`it's\` (
  \`a ) b\`\`(\` int(11) NOT NULL COMMENT 'it''s; VALUES (1),(2)',
  \`back\\\` int DEFAULT '1'
) ENGINE=InnoDB;
LOCK TABLES \`it's\` WRITE;
/*!40000 ALTER TABLE \`it's\` DISABLE KEYS */;
INSERT INTO \`it's\` VALUES
(1,'plain'),
(2,'a\\'b\\\\'),
(-3,'two''quotes''),(9,9),('),
(4,0x00FF27,NULL,_binary 'x\\0;'),
(5,"double ' \\" quote"),
(6,ST_GeomFromText('POINT(1 1)')),
(7,'-- no comment'),(8,'/* nor this');
INSERT INTO \`db\`.\`it's\` (\`a ) b\`\`(\`, \`VALUES (\`) VALUES (1,2),(3,-4) , (5,--6);
REPLACE INTO other VALUES (1),(2)
  ,(3) /* between; */ -- and '
  ,(4);
INSERT IGNORE INTO other (a) VALUES (1);
INSERT  /*!50003 IGNORE */ INTO other SET a = (1);
INSERT INTO other VALUES (1),(2) ON DUPLICATE KEY UPDATE a = VALUES(a), b = (3);
UNLOCK TABLES;
/*!50001 CREATE TABLE \`stand_in\` (
 \`a\` tinyint NOT NULL
) ENGINE=MyISAM */;
CREATE SEQUENCE \`counter\` start with 1;
CREATE TABLE \`empty\` (\`a\` int);
DELIMITER ;;
/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`local;host\`*/ /*!50003 trigger tr1 before insert on t for each row begin
  set new.s = '\\'; insert into other values (1),(2); -- it's
  CREATE TEMPORARY TABLE x (a int); /* ; */
end */;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=\`a\`@\`%\` PROCEDURE \`tidy ;;up\`()
begin select 'CREATE TABLE \`no\` (a int);'; end ;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=\`a\`@\`%\` FUNCTION \`tidy\`() RETURNS int
return 3 ;;
DELIMITER ;
DELIMITER ;;
/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`localhost\`*/ /*!50106 EVENT \`e1\` ON SCHEDULE EVERY 1 DAY DO delete from t */ ;;
DELIMITER ;
/*!50001 DROP VIEW IF EXISTS \`v1\`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`v1\` AS select '; CREATE TABLE \`no\` (' AS \`a\` */;
-- Dump completed
`;

function scan(text: string, pieces: readonly number[] = []): DumpScanner {
  const scanner = new DumpScanner();
  const data = Buffer.from(text);
  let start = 0;
  for (const end of [...pieces, data.length]) {
    // A piece of its own memory, which is wiped: nothing of it may be kept.
    const piece = Buffer.from(data.subarray(start, end));
    scanner.push(piece);
    piece.fill(0);
    start = end;
  }
  scanner.finish();
  return scanner;
}

const EXPECTED: DumpContents = {
  rows: new Map([
    ["it's", 11],
    ['other', 7],
    ['empty', 0],
  ]),
  tables: new Set(["it's", 'empty']),
  views: new Set(['v1']),
  triggers: new Set(['tr1']),
  routines: new Set(['procedure tidy ;;up', 'function tidy']),
  events: new Set(['e1']),
};

test('objects and rows are told apart from what only looks like them', () => {
  const scanner = scan(TRICKY);
  expect(scanner.contents).toEqual(EXPECTED);
  expect(scanner.isComplete).toBe(true);
  expect(scanner.hasSandboxLine).toBe(true);
  expect(scanner.rowsDone).toBe(18);
});

test('the same is seen wherever the text is cut in two', () => {
  for (let cut = 1; cut < Buffer.byteLength(TRICKY); cut += 1) {
    const scanner = scan(TRICKY, [cut]);
    expect({ cut, ...scanner.contents, isComplete: scanner.isComplete, isSandboxed: scanner.hasSandboxLine }).toEqual({
      cut,
      ...EXPECTED,
      isComplete: true,
      isSandboxed: true,
    });
  }
});

test.each([1, 2, 3, 5, 7, 11])('the same is seen in pieces of %i bytes', (size) => {
  const cuts = Array.from({ length: Math.floor(Buffer.byteLength(TRICKY) / size) }, (_, index) => (index + 1) * size);
  const scanner = scan(TRICKY, cuts);
  expect(scanner.contents).toEqual(EXPECTED);
  expect(scanner.isComplete).toBe(true);
});

test('a dump that is cut anywhere is not complete', () => {
  const end = TRICKY.indexOf('-- Dump completed') + '-- Dump completed'.length;
  for (let length = 0; length < end; length += 1)
    expect([length, scan(TRICKY.slice(0, length)).isComplete]).toEqual([length, false]);
  expect(scan(TRICKY.slice(0, end)).isComplete).toBe(true);
});

test('a completion line counts only as the last thing, outside of everything else', () => {
  const done = '\n-- Dump completed on 2026-02-28\n';
  expect(scan(`SELECT 1;${done}`).isComplete).toBe(true);
  expect(scan(`${done}SELECT 1;\n`).isComplete).toBe(false);
  expect(scan(`SELECT 1${done}`).isComplete).toBe(false);
  expect(scan(`INSERT INTO t VALUES ('${done}`).isComplete).toBe(false);
  expect(scan(`INSERT INTO t VALUES (1${done}`).isComplete).toBe(false);
  expect(scan(`INSERT INTO t VALUES (1)${done}`).isComplete).toBe(false);
  expect(scan(`DELIMITER ;;\nbegin${done}`).isComplete).toBe(false);
  expect(scan(`/* ${done}`).isComplete).toBe(false);
});

test('rows of a statement that does not end are not counted', () => {
  const scanner = scan('CREATE TABLE `t` (a int);\nINSERT INTO `t` VALUES (1);\nINSERT INTO `t` VALUES (2),(3),\n(4');
  expect(scanner.contents.rows).toEqual(new Map([['t', 1]]));
});

test('names are read as UTF-8 wherever they are cut', () => {
  const text = 'CREATE TABLE `ünï🦭` (a int);\nINSERT INTO `ünï🦭` VALUES (1),(2);\n';
  for (let cut = 1; cut < Buffer.byteLength(text); cut += 1) {
    expect(scan(text, [cut]).contents.rows).toEqual(new Map([['ünï🦭', 2]]));
  }
});

test('a table is current while its rows pass by', () => {
  const scanner = new DumpScanner();
  scanner.push(Buffer.from('INSERT INTO `first` VALUES (1);\nINSERT INTO `second` VALUES (1),'));
  expect(scanner.currentTable).toBe('second');
});
