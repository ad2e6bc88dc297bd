import type { Command } from 'commander';
import type { Finding } from '../../contract/inspect.ts';
import { CommandError } from '../command-error.ts';
import { type Context, printResult, withTemporal } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** `holdfast doctor`: looks at everything a backup needs, here, in Temporal and on the worker's machine, and changes nothing. */
export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('look whether backups can work: configuration, Temporal, tools, repositories, sources; exit 1 on a problem')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast doctor\n  holdfast doctor --json | jq \'.findings[] | select(.level != "ok")\'',
    )
    .action(async (flags: { json?: true }) => {
      context.exitCode = await doctor(context, flags.json === true);
    });
}

async function doctor(context: Context, isJson: boolean): Promise<number> {
  const findings = await examine(context);
  const hasProblem = findings.some(({ level }) => level === 'problem');
  const { choosePalette } = await import('../rendering/palette.ts');
  const { renderFindings } = await import('../doctor/render-findings.ts');
  printResult(context, isJson, {
    document: { healthy: !hasProblem, findings },
    lines: renderFindings(findings, choosePalette(context.io.stdout, context.io.environment)),
  });
  return hasProblem ? EXIT.failed : EXIT.done;
}

async function examine(context: Context): Promise<Finding[]> {
  const { examineHere } = await import('../doctor/examine-here.ts');
  const { findings, configuration } = await examineHere(context, process.versions.node);
  if (configuration === undefined) return findings;
  try {
    return await withTemporal(context, async (temporal) => {
      const { examineTemporal } = await import('../doctor/examine-temporal.ts');
      const { examineWorker } = await import('../doctor/examine-worker.ts');
      return [
        ...findings,
        ...(await examineTemporal(temporal, configuration)),
        ...(await examineWorker(temporal, configuration)),
      ];
    });
  } catch (error) {
    if (!(error instanceof CommandError) || error.type !== 'Unreachable') throw error;
    const { splitAdvice } = await import('../doctor/split-advice.ts');
    return [...findings, { level: 'problem', subject: 'Temporal', ...splitAdvice(error.message) }];
  }
}
