import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where distributions put libfaketime (Debian, Fedora, Alpine). */
const DIRECTORIES = ['/usr/lib64/faketime', '/usr/lib/faketime', ...multiarch()];

function multiarch(): string[] {
  return readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime`);
}

/**
 * A clock that can be put forward and back under a running program: libfaketime, by the Debian package `faketime`. The monotonic
 * clock goes on as it does when somebody sets the time. Programs that it starts do not have it.
 */
export class FakeClock {
  readonly environment: Record<string, string>;
  readonly #file: string;

  /** @throws an Error where libfaketime is not installed. */
  constructor(directory: string) {
    const library = DIRECTORIES.map((path) => join(path, 'libfaketime.so.1')).find((path) => existsSync(path));
    if (library === undefined) throw new Error('this test sets clocks, which needs libfaketime: apt-get install faketime');
    this.#file = join(directory, 'clock');
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // The name of the same in older releases.
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    this.set(0);
  }

  /** Sets the clock so many hours ahead of the true time, or behind it. */
  set(hours: number): void {
    writeFileSync(this.#file, `${hours < 0 ? '' : '+'}${hours}h\n`);
  }
}
