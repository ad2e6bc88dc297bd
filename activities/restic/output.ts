import { z } from 'zod';

/** One snapshot as restic lists it (doc/075_scripting.rst, `snapshots`). Unknown fields are kept: the CLI passes them on. */
const snapshot = z.looseObject({
  id: z.string(),
  short_id: z.string(),
  time: z.string(),
  hostname: z.string().default(''),
  paths: z.array(z.string()).default([]),
  tags: z.array(z.string()).optional(),
  summary: z
    .looseObject({
      data_added: z.number().optional(),
      data_added_packed: z.number().optional(),
      total_bytes_processed: z.number().optional(),
      total_files_processed: z.number().optional(),
    })
    .optional(),
});

export type ResticSnapshot = z.infer<typeof snapshot>;

/** Last line of `restic backup --json`. Zero fields may be left out by restic. */
const backupSummary = z.object({
  message_type: z.literal('summary'),
  data_added: z.number().default(0),
  data_added_packed: z.number().optional(),
  total_files_processed: z.number().default(0),
  total_bytes_processed: z.number().default(0),
  snapshot_id: z.string(),
});

const backupStatus = z.object({
  message_type: z.literal('status'),
  percent_done: z.number().default(0),
  bytes_done: z.number().default(0),
  total_bytes: z.number().default(0),
  current_files: z.array(z.string()).optional(),
});

const backupLine = z.discriminatedUnion('message_type', [backupSummary, backupStatus]);

export type BackupLine = z.infer<typeof backupLine>;
export type BackupStatus = z.infer<typeof backupStatus>;
export type BackupSummary = z.infer<typeof backupSummary>;

/** Reads a line of `restic backup --json`. undefined for what is not JSON or of another type: new types may appear at any time. */
export function parseBackupLine(line: string): BackupLine | undefined {
  const parsed = backupLine.safeParse(parseJson(line));
  return parsed.success ? parsed.data : undefined;
}

/** Reads the array that `restic snapshots --json` prints; an empty repository gives `[]` or `null`. */
export function parseSnapshots(stdout: string): ResticSnapshot[] {
  return z.array(snapshot).nullable().parse(parseJson(stdout)) ?? [];
}

const forgetGroup = z.object({ keep: z.array(snapshot).nullish(), remove: z.array(snapshot).nullish() });

/** Reads the first line of `restic forget --json`: text may follow it. Nothing that matches gives no groups. */
export function parseForgetPreview(stdout: string): { keep: ResticSnapshot[]; remove: ResticSnapshot[] } {
  const groups =
    z
      .array(forgetGroup)
      .nullish()
      .parse(parseJson(stdout.split('\n', 1)[0] ?? '')) ?? [];
  return { keep: groups.flatMap((group) => group.keep ?? []), remove: groups.flatMap((group) => group.remove ?? []) };
}

/** Reads the repository id out of `restic cat config`. */
export function parseRepositoryId(stdout: string): string {
  return z.object({ id: z.string() }).parse(parseJson(stdout)).id;
}

/** Last line of `restic restore --json`, also of one that failed. Zero fields may be left out by restic. */
const restoreSummary = z.object({
  message_type: z.literal('summary'),
  files_restored: z.number().default(0),
  bytes_restored: z.number().default(0),
});

const restoreStatus = z.object({
  message_type: z.literal('status'),
  percent_done: z.number().default(0),
  bytes_restored: z.number().default(0),
  total_bytes: z.number().default(0),
});

const restoreLine = z.discriminatedUnion('message_type', [restoreSummary, restoreStatus]);

export type RestoreSummary = z.infer<typeof restoreSummary>;

/** Reads a line of `restic restore --json`. undefined for what is not JSON or of another type. */
export function parseRestoreLine(line: string): z.infer<typeof restoreLine> | undefined {
  const parsed = restoreLine.safeParse(parseJson(line));
  return parsed.success ? parsed.data : undefined;
}

const exitError = z.object({ message_type: z.literal('exit_error'), message: z.string() });
const itemError = z.object({
  message_type: z.literal('error'),
  error: z.object({ message: z.string() }),
  item: z.string().default(''),
});

/** What restic wrote to its error output, as sentences: JSON lines (restic >= 0.18) are unwrapped, plain text stays. */
export function readErrorOutput(stderr: string): string[] {
  return stderr.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const json = parseJson(line);
    const ended = exitError.safeParse(json);
    if (ended.success) return [ended.data.message];
    const item = itemError.safeParse(json);
    return [item.success ? `${item.data.item}: ${item.data.error.message}` : line];
  });
}

/** JSON, or undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
