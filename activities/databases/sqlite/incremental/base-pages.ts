import { type OpenFile, readFullySync } from './file-bytes.ts';
import { PatchDamaged } from './page-patch.ts';
import type { ReadBasePage } from './rebuilt-page.ts';

/** Reads pages of an open base in any order, while others wait: very many are, one after the other. */
export function readPagesOf(base: OpenFile, pageSize: number): ReadBasePage {
  return (pageNumber, target) => {
    const filled = pageNumber < 1 ? 0 : readFullySync(base, target, (pageNumber - 1) * pageSize);
    if (filled < pageSize) throw new PatchDamaged(`it takes something of page ${pageNumber}, which the base does not have`);
  };
}
