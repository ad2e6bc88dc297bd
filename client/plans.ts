import type { Configuration, Plan } from '../config/types.ts';
import { usageError } from './command-error.ts';

/** Finds a plan by its name. @throws {CommandError} Usage (exit 2), naming the plans that there are. */
export function requirePlan({ plans, file }: Configuration, name: string): Plan {
  const plan = plans.get(name);
  if (plan === undefined) throw usageError(`there is no plan "${name}" in ${file}; ${choices('plan', [...plans.keys()])}`);
  return plan;
}

/**
 * Finds a repository by its name; without a name, the only one there is.
 *
 * @throws {CommandError} Usage (exit 2), naming the repositories that there are.
 */
export function requireRepository({ repositories, file }: Configuration, name: string | undefined): string {
  const names = [...repositories.keys()];
  if (name === undefined) {
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return only;
    throw usageError(`which repository? ${choices('repository', names)}`);
  }
  if (!repositories.has(name)) {
    throw usageError(`there is no repository "${name}" in ${file}; ${choices('repository', names)}`);
  }
  return name;
}

function choices(noun: string, names: readonly string[]): string {
  return `choose a ${noun}: ${names.join(', ')}`;
}
