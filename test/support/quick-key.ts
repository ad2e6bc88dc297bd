import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * restic makes the derivation of a key from its password take half a second of CPU, which is right for passwords and most of the time
 * that a small test takes. So the repositories of tests get another key file for the same password and the same master key, with scrypt
 * at its cheapest; everything else in them is restic's own.
 *
 * Format: restic 0.19, doc/design.rst, "Keys, Encryption and MAC" and internal/repository/key.go.
 */
const SCRYPT = { N: 2, r: 8, p: 1 };

/** `restic cat masterkey` */
interface MasterKey {
  mac: { k: string; r: string };
  encrypt: string;
}

/** Replaces the key files of a local repository that was just made. @param masterKey what `restic cat masterkey` printed */
export async function replaceKey(repository: string, password: string, masterKey: string): Promise<void> {
  const salt = randomBytes(64);
  const derived = scryptSync(password, salt, 64, SCRYPT);
  const { mac, encrypt } = JSON.parse(masterKey) as MasterKey;
  const data = seal(derived, Buffer.from(JSON.stringify({ mac, encrypt })));
  const key = JSON.stringify({
    created: new Date().toISOString(),
    username: 'test',
    hostname: 'test',
    kdf: 'scrypt',
    ...SCRYPT,
    salt: salt.toString('base64'),
    data: data.toString('base64'),
  });
  const directory = join(repository, 'keys');
  const before = await readdir(directory);
  await writeFile(join(directory, createHash('sha256').update(key).digest('hex')), key, { mode: 0o400 });
  for (const name of before) await rm(join(directory, name));
}

/** Nonce, AES-256 in counter mode, Poly1305-AES of the ciphertext. */
function seal(derived: Buffer, plain: Buffer): Buffer {
  const [encryptionKey, macKey, macR] = [derived.subarray(0, 32), derived.subarray(32, 48), derived.subarray(48, 64)];
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', encryptionKey, nonce);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const blinding = createCipheriv('aes-128-ecb', macKey, null).setAutoPadding(false).update(nonce);
  return Buffer.concat([nonce, encrypted, poly1305(encrypted, macR, blinding)]);
}

/** RFC 8439, section 2.5, with the two halves of its key apart. */
function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const factor = littleEndian(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let start = 0; start < message.length; start += 16) {
    const block = Buffer.concat([message.subarray(start, start + 16), Buffer.from([1])]);
    sum = ((sum + littleEndian(block)) * factor) % prime;
  }
  const tag = (sum + littleEndian(s)) & ((1n << 128n) - 1n);
  return Buffer.from(Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').toReversed());
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
}
