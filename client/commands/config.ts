import type { Command } from 'commander';
import { type Context, printResult, readConfiguration } from '../context.ts';

/** `holdfast config validate|show|schema|example`. Needs neither Temporal nor a worker. */
export function addConfig(program: Command, context: Context): void {
  const config = program.command('config').description('look at the configuration').addHelpText('after', EXAMPLES);
  config
    .command('validate')
    .description('read the configuration and report all its problems')
    .option('--json', 'print the result as JSON')
    .action(async (options: { json?: true }) => validate(context, options.json === true));
  config
    .command('show')
    .description('print the configuration as it is understood, with all defaults; secrets stay references')
    .option('--json', 'print it as JSON, which is the default')
    .action(async () => show(context));
  config
    .command('schema')
    .description('print the JSON Schema of holdfast.yaml, for editors')
    .option('--json', 'print it as JSON, which is the default')
    .action(async () => {
      const { renderJsonSchema } = await import('../../config/index.ts');
      context.io.stdout.write(renderJsonSchema());
    });
  config
    .command('example')
    .description('print a commented example to start from')
    .action(async () => {
      const { renderExample } = await import('../../config/index.ts');
      context.io.stdout.write(renderExample());
    });
}

const EXAMPLES = `
Examples:
  holdfast config example > holdfast.yaml
  holdfast config validate
  holdfast config show | less`;

async function validate(context: Context, isJson: boolean): Promise<void> {
  const { configurationWarnings } = await import('../../config/index.ts');
  const configuration = await readConfiguration(context);
  const warnings = configurationWarnings(configuration).map(({ path, message }) => ({ path, message }));
  printResult(context, isJson, {
    document: { file: configuration.file, valid: true, warnings },
    lines: [...warnings.map(({ path, message }) => `warning: ${path}: ${message}`), 'ok'],
  });
}

async function show(context: Context): Promise<void> {
  const { describeConfiguration } = await import('../../config/index.ts');
  const configuration = await readConfiguration(context);
  printResult(context, true, { document: describeConfiguration(configuration), lines: [] });
}
