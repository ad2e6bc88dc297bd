import { createHash } from 'node:crypto';
import { PagesHash } from '../databases/sqlite/incremental/page-digests.ts';
import type { StreamHash } from '../stage/copy-file.ts';
import type { DatabaseFacts } from '../stage/manifest.ts';

/** What the content of a database or dump is known by. */
export interface ContentDigest {
  /** For the operator: of what it is. */
  name: string;
  /** Hexadecimal. Undefined in a manifest that does not tell, as then nothing is known to be right. */
  expected: string | undefined;
  /** Makes that of another file. */
  hash: () => StreamHash;
}

/** Of the file as a whole; of a SQLite database that a chain gives, of its pages, for they are all that its dump hashes. */
export function contentDigestOf(facts: DatabaseFacts): ContentDigest {
  if (facts.kind === 'mysql' || facts.chain === undefined)
    return { name: 'SHA-256', expected: facts.sha256, hash: () => createHash('sha256') };
  const { chain, page_size: pageSize } = facts;
  return { name: 'SHA-256 of its pages', expected: chain.pages_sha256, hash: () => new PagesHash(pageSize) };
}
