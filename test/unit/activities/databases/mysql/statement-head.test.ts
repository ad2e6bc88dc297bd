import { expect, test } from '@jest/globals';
import { isSandboxLine, readStatementHead } from '../../../../../activities/databases/mysql/statement-head.ts';

test.each([
  ['CREATE TABLE `a``b` (', { kind: 'table', name: 'a`b' }],
  ['CREATE TABLE IF NOT EXISTS general_log (', { kind: 'table', name: 'general_log' }],
  ['/*!50001 CREATE TABLE `v` (', { kind: 'view stand-in', name: 'v' }],
  ['/*!50001 CREATE VIEW `v` AS SELECT\n 1 AS `a`*/', { kind: 'view', name: 'v' }],
  [
    '/*!50001 CREATE ALGORITHM=MERGE */\n/*!50013 DEFINER=`a b`@`%` SQL SECURITY INVOKER */\n/*!50001 VIEW `v` AS select',
    { kind: 'view', name: 'v' },
  ],
  ["\n/*!50003 SET sql_mode = '' */ ;;\n/*!50003 CREATE*/ /*!50003 TRIGGER `t` BEFORE", { kind: 'trigger', name: 't' }],
  ['CREATE OR REPLACE DEFINER=admin TRIGGER /* mine */ db.t after insert', { kind: 'trigger', name: 't' }],
  ['CREATE DEFINER=`a`@`%` PROCEDURE `p`()', { kind: 'routine', name: 'procedure p' }],
  ['CREATE DEFINER=`a`@`%` AGGREGATE FUNCTION `f`()', { kind: 'routine', name: 'function f' }],
  ['CREATE DEFINER=`a`@`%` PACKAGE  BODY `p` AS', { kind: 'routine', name: 'package body p' }],
  ['/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`%`*/ /*!50106 EVENT `e` ON', { kind: 'event', name: 'e' }],
  ['CREATE SEQUENCE `s` start with 1', { kind: 'sequence', name: 's' }],
  ['INSERT INTO `t` (`VALUES`) VALUES ', { kind: 'rows', name: 't' }],
  ['INSERT LOW_PRIORITY IGNORE INTO `d`.`t` VALUES ', { kind: 'rows', name: 't' }],
  ['REPLACE INTO t VALUES', { kind: 'rows', name: 't' }],
])('%s', (text, expected) => {
  expect(readStatementHead(text)).toEqual(expected);
});

test.each(['DROP TABLE IF EXISTS `t`', 'LOCK TABLES `t` WRITE', '/*!40000 ALTER TABLE `t` DISABLE KEYS */', 'SET @a = 1', ''])(
  '%s makes nothing',
  (text) => {
    expect(readStatementHead(text)).toBeUndefined();
  },
);

test('both forms of the sandbox line are known', () => {
  expect(isSandboxLine('/*M!999999\\- enable the sandbox mode */ ')).toBe(true);
  expect(isSandboxLine('/*!999999\\- enable the sandbox mode */ ')).toBe(true);
  expect(isSandboxLine('/*!99999 SELECT 1 */')).toBe(false);
});
