#!/usr/bin/env node
// Makes a fresh checkout ready: npm packages, the build, and every tool that Holdfast starts. Built-in modules only.
//
//   node scripts/setup.mjs            what `npm run demo` and the CLI need
//   node scripts/setup.mjs --tests    also what `npm test` needs: a MariaDB server and a real MySQL
//
// This file holds nothing that an old Node could not read, so that the message below is what its user sees.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Holdfast needs Node 20.19 or newer; this is Node ${process.versions.node} (${process.execPath}). ` +
      'Install a newer one, for example with "nvm install 24" or from https://nodejs.org, and run this again.',
  );
  process.exit(1);
}

const { main } = await import('./setup/main.mjs');
process.exitCode = await main(process.argv.slice(2));
