import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A file system of its own, in memory, at a directory of the test's. Needs root. */
export class SmallDisk {
  readonly directory: string;
  #isMounted = false;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the directory and mounts a tmpfs there. @throws an Error that says so where mounting is not allowed. */
  static mount(directory: string, mebibytes: number): SmallDisk {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const disk = new SmallDisk(directory);
    disk.#run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', directory);
    disk.#isMounted = true;
    return disk;
  }

  resize(mebibytes: number): void {
    this.#run('mount', '-o', `remount,size=${mebibytes}m`, this.directory);
  }

  /** Takes the directory off, as a network disk that goes away: who has files open there keeps them. */
  detach(): void {
    this.#run('umount', '--lazy', this.directory);
    this.#isMounted = false;
  }

  /** Shows the content of another directory here. */
  bind(content: string): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.#run('mount', '--bind', content, this.directory);
    this.#isMounted = true;
  }

  unmount(): void {
    if (this.#isMounted) this.detach();
  }

  #run(program: string, ...args: string[]): void {
    try {
      execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      const said = String((error as { stderr?: Buffer }).stderr ?? error).trim();
      throw new Error(`this test mounts small file systems, which needs root on Linux (CAP_SYS_ADMIN): ${said}`, {
        cause: error,
      });
    }
  }
}
