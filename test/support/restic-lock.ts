import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Holdfast } from './holdfast.ts';

/** What a lock says of its process (restic 0.19.1, `restic cat lock`). */
export interface PlantedLock {
  hostname: string;
  pid: number;
  exclusive: boolean;
  ageMs: number;
}

/**
 * Writes a lock as the restic of another machine would: a lock cannot be had with another hostname without being root.
 *
 * By restic's doc/design.rst, "Keys, Encryption and MAC": IV, AES-256-CTR, Poly1305-AES; the name of a file is its SHA-256.
 *
 * @returns its id
 */
export async function plantLock(holdfast: Holdfast, lock: PlantedLock): Promise<string> {
  const key = JSON.parse(await holdfast.restic('cat', 'masterkey', '--no-lock')) as {
    mac: { k: string; r: string };
    encrypt: string;
  };
  const time = new Date(Date.now() - lock.ageMs).toISOString();
  const plain = JSON.stringify({ time, exclusive: lock.exclusive, hostname: lock.hostname, username: 'backup', pid: lock.pid });
  const iv = randomBytes(16);
  const encrypted = createCipheriv('aes-256-ctr', Buffer.from(key.encrypt, 'base64'), iv).update(plain);
  const nonce = createCipheriv('aes-128-ecb', Buffer.from(key.mac.k, 'base64'), null).update(iv);
  const file = Buffer.concat([iv, encrypted, poly1305(encrypted, Buffer.from(key.mac.r, 'base64'), nonce)]);
  const id = createHash('sha256').update(file).digest('hex');
  await writeFile(join(holdfast.directory, 'repository/locks', id), file, { mode: 0o600 });
  return id;
}

/** RFC 8439, section 2.5. Slow, and for a few hundred bytes only. */
function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const multiplier = toNumber(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let index = 0; index < message.length; index += 16) {
    const block = message.subarray(index, index + 16);
    sum = ((sum + toNumber(block) + (1n << BigInt(8 * block.length))) * multiplier) % prime;
  }
  const tag = (sum + toNumber(s)) % (1n << 128n);
  return Buffer.from(Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').toReversed());
}

function toNumber(littleEndian: Buffer): bigint {
  return BigInt(`0x${Buffer.from(littleEndian.toReversed()).toString('hex')}`);
}
