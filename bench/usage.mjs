import { tmpdir } from 'node:os';
import { CONTESTANTS } from './contestants/all.mjs';
import { SECTIONS } from './report/sections.mjs';
import { PATTERNS } from './workload/mariadb.mjs';

const ALL = Object.keys(CONTESTANTS).join(', ');

export const USAGE = `usage: npm run bench -- --size 1.5GB [options]

  --size BYTES        of the SQLite database: 50MB, 1.5GB, 17GB. From 10GB on the options left out are another choice: two days on which 2 % of
                      the pages change, beside a writer, with --memory both --only read,holdfast-incremental --next restic-raw
                      --mysql-size 0 --skip-restore
  --mysql-size BYTES  of the MariaDB database; a fifth of --size when left out, 0 for none
  --days N            days of each pattern after the first backup; 3 when left out
  --pattern LIST      of ${PATTERNS.join(', ')}; unchanged,tracker-like when left out
  --only LIST         of ${ALL}; all when left out
  --next LIST         of the same: they get first backups and days of their own when the others have ended and what they stored is removed
  --writer no|yes|both  yes: another process commits to the SQLite database 20 times a second, all the time; both: all without, then all with it
  --memory as-left|both  both: the SQLite database is put out of memory before each backup of one day, and read into it on the next
  --limit SECONDS     a backup that takes longer is cut off, and its contestant not asked again; 600 when left out
  --restore-chain     after the last day Holdfast makes a full copy as well, and each database is restored from it and from the chain of deltas
  --skip-restore      nothing is restored at the end
  --subject DIR       keeps the SQLite database there, or takes the one that is there and works on it
  --prepare           makes the SQLite database of --subject, and ends
  --directory DIR     where to work; a new directory in ${tmpdir()} when left out. What is made in it is removed at the end.
  --seed TEXT         other data; "holdfast" when left out
  --note TEXT         what else there is to know about this run, for the report
  --write SECTION     replaces this part of docs/benchmarks.md and its picture: ${SECTIONS.join(', ')}
  --json FILE         all that was measured, for other tools
  --from FILE         shows (and with --write writes) what an earlier --json kept; measures nothing
  --help              this
`;
