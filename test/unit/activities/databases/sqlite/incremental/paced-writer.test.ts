import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PacedWriter } from '../../../../../../activities/databases/sqlite/incremental/paced-writer.ts';
import { sha256Of } from '../../../../../support/chain-place.ts';
import { withDirectory } from '../../../../../support/phase-context.ts';

test('what is written while what was written before goes to the disk lies behind it, in a file for its owner alone', async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, 'copy');
    const writer = await PacedWriter.create(path);
    const hash = createHash('sha256');
    // Several times as much as is brought to the disk at once, in pieces of any size.
    for (let bytes = 0; bytes < 150_000_000; ) {
      const piece = randomBytes(3_000_001 + (bytes % 1000));
      hash.update(piece);
      await writer.append(piece);
      bytes += piece.length;
    }
    await writer.finish();
    await writer.close();
    expect(await sha256Of(path)).toBe(hash.digest('hex'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(PacedWriter.create(path)).rejects.toThrow('EEXIST');
  });
});
