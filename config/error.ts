/** One thing that is wrong with a configuration. Its message never holds a secret. */
export interface ConfigurationProblem {
  /** Where, for example `plans.tracker.sources.sqlite.main.path`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, and what to write instead. */
  readonly message: string;
  /** Line of the YAML file, counted from 1, where there is one. */
  readonly line?: number;
}

/** The configuration cannot be used. It carries all problems at once, and its message can be printed as it is. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigurationProblem[];

  /** `subject` opens the message, for example `/etc/holdfast/holdfast.yaml`. */
  constructor(subject: string, problems: readonly ConfigurationProblem[], options?: ErrorOptions) {
    super(renderProblems(subject, problems), options);
    this.problems = problems;
  }
}

function renderProblems(subject: string, problems: readonly ConfigurationProblem[]): string {
  const heading = `${subject}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`;
  return [heading, ...problems.map((problem) => `  ${renderProblem(problem)}`)].join('\n');
}

/** One line, starting with the path, so that it can be searched for: `version: must be 1 (line 1)`. */
function renderProblem({ path, message, line }: ConfigurationProblem): string {
  const place = line === undefined ? '' : ` (line ${line})`;
  return path === '' ? `${message}${place}` : `${path}: ${message}${place}`;
}
