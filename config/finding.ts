import type { DocumentPath } from './path.ts';

/** A problem before its path is printed. Its message never holds a secret. */
export interface ConfigurationFinding {
  readonly path: DocumentPath;
  readonly message: string;
  /** Given where the path does not lead to the line, as with broken YAML. */
  readonly line?: number;
}
