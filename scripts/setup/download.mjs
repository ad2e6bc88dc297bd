// Fetches a file whose SHA-256 is known beforehand. Nothing is fetched without one.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SetupError } from './context.mjs';

/** A machine without internet must not make its user wait. */
const ANSWER_WITHIN_MS = 5_000;
const DONE_WITHIN_MS = 5 * 60_000;

/** @throws {SetupError} when the file is not the one that was pinned; both hashes are named. */
export async function checkSha256(file, name, expected) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const actual = hash.digest('hex');
  if (actual !== expected) {
    throw new SetupError(`${name} has the wrong SHA-256 and was not used: expected ${expected}, got ${actual}`);
  }
}

/**
 * Downloads `url` into `file` and checks it.
 *
 * @throws {SetupError} when the server does not answer within 5 s, does not have it, or sends something else.
 */
export async function download(url, file, sha256) {
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(), ANSWER_WITHIN_MS);
  try {
    const response = await fetch(url, { signal: limit.signal });
    if (!response.ok || response.body === null) throw new SetupError(`${url} answered ${response.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => limit.abort(), DONE_WITHIN_MS);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  } catch (error) {
    if (error instanceof SetupError) throw error;
    const reason = limit.signal.aborted ? 'no answer in time' : (error.cause?.code ?? error.message);
    throw new SetupError(`${new URL(url).host} cannot be reached (${reason})`);
  } finally {
    clearTimeout(timer);
  }
  await checkSha256(file, url.split('/').at(-1), sha256);
}
