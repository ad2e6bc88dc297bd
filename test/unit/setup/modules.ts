/**
 * Loads the set-up's modules, which are JavaScript because they run before anything is installed, and gives them types here.
 */
export interface Tool {
  name: string;
  programs: string[];
  minimum: string;
  why: string;
  version: string[];
  kind?: RegExp;
  packages: Record<string, string>;
  site?: string;
}

export interface Finding {
  tool: Tool;
  state: 'good' | 'old' | 'broken' | 'missing';
  file?: string;
  version?: string;
}

export interface Context {
  root: string;
  tools: string;
  bin: string;
  env: Record<string, string | undefined>;
  distribution: { family: string; codename: string };
}

export interface Route {
  name: string;
  fetch: (directory: string) => Promise<string>;
}

interface Modules {
  checkout: { reasonToInstall: (root: string) => string | undefined; reasonToBuild: (root: string) => string | undefined };
  context: {
    createContext: (overrides: Record<string, unknown>) => Context;
    readDistribution: (text: string) => Context['distribution'];
  };
  download: { download: (url: string, file: string, sha256: string) => Promise<void> };
  main: { main: (args: string[], context: Context) => Promise<number> };
  mysql: { ensureMysql: (context: Context) => Promise<string> };
  obtain: { obtain: (tool: Tool, routes: Route[], context: Context) => Promise<Finding> };
  packages: { adviseInstalling: (tools: Tool[], context: Context) => string[]; canInstall: (context: Context) => boolean };
  sources: {
    findMirror: (context: {
      apt: string;
      distribution: Context['distribution'];
    }) => { uri: string; signedBy?: string } | undefined;
  };
  tools: {
    TOOLS: Record<string, Tool>;
    find: (tool: Tool, context: Context) => Promise<Finding>;
    describe: (finding: Finding) => string;
  };
  versions: { findVersion: (text: string) => string | undefined; isAtLeast: (version: string, minimum: string) => boolean };
}

/** Imports `scripts/setup/<name>.mjs`. */
export async function load<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return (await import(new URL(`../../../scripts/setup/${name}.mjs`, import.meta.url).href)) as Modules[Name];
}
