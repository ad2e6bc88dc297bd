/**
 * Here `holdfast.yaml` is found, read, judged and turned into the domain's shape (types.ts).
 * Never here: the value of a secret, this process's own environment, Temporal, a program, or any file but the configuration.
 */
export { configurationHash, describeConfiguration } from './describe.ts';
export { ConfigurationError, type ConfigurationProblem } from './error.ts';
export { renderExample } from './example.ts';
export { findConfigurationFile } from './find-file.ts';
export { renderJsonSchema } from './json-schema.ts';
export { loadConfiguration } from './load.ts';
export { configurationWarnings } from './warnings.ts';
