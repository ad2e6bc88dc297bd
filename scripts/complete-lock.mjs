// Completes package-lock.json with the optional platform packages that a registry did not offer.
//
// `npm install` against a mirror that lacks some platform builds (of @swc/core, @biomejs/biome, …) writes a lock without
// them, and `npm ci` then refuses it (EUSAGE) everywhere. An entry with version, os and cpu satisfies `npm ci`, and a
// machine of that platform fetches the package by itself. Run it after each change of a dependency.
import { readFileSync, writeFileSync } from 'node:fs';

const LOCK = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony'];
const PROCESSORS = { gnueabihf: 'arm', musleabihf: 'arm', eabi: 'arm', wasm32: 'wasm32' };

/** Reads operating system and processor out of a name such as `@swc/core-win32-arm64-msvc`. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => /^(x64|arm64|arm|ia32|ppc64|s390x|riscv64|loong64)$/.test(word));
  const cpu = processor ?? words.map((word) => PROCESSORS[word]).find(Boolean);
  return { ...(system ? { os: [system] } : {}), ...(cpu ? { cpu: [cpu] } : {}) };
}

const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const hoisted = `node_modules/${name}`;
    if (path === '' || lock.packages[hoisted] || lock.packages[`${path}/${hoisted}`]) continue;
    lock.packages[hoisted] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true };
    added.push(hoisted);
  }
}
const sorted = Object.keys(lock.packages).toSorted();
lock.packages = Object.fromEntries(sorted.map((path) => [path, lock.packages[path]]));
writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'package-lock.json is complete' : `added ${added.length} platform packages`);
