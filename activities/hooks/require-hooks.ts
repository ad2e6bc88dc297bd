import type { Plan } from '../../config/types.ts';
import { ProgramMissing } from '../../process/errors.ts';
import type { Programs } from '../../process/programs.ts';
import { PhaseError } from '../phase-error.ts';

/** The programs of a plan's hooks, by where they are configured: each must be there before anything is stopped. */
export function programsOfHooks({ name, hooks }: Plan): { subject: string; program: string }[] {
  if (hooks === undefined) return [];
  const subject = (hook: string) => `plans.${name}.hooks.${hook}`;
  return [
    ...hooks.beforeDump.map(([program = '']) => ({ subject: subject('before_dump'), program })),
    ...hooks.afterDump.map(([program = '']) => ({ subject: subject('after_dump'), program })),
    ...(hooks.state === undefined ? [] : [{ subject: subject('state'), program: hooks.state[0] ?? '' }]),
  ];
}

/** @throws {PhaseError} ToolMissing, naming plan, hook and program */
export async function requireHooks(programs: Programs, plan: Plan): Promise<void> {
  for (const { subject, program } of programsOfHooks(plan)) {
    await programs.find(program).catch((error: unknown) => {
      if (!(error instanceof ProgramMissing)) throw error;
      throw new PhaseError(
        'ToolMissing',
        `${subject}: ${error.message}. Correct it, or install ${program} where the worker runs.`,
      );
    });
  }
}
