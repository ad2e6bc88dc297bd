import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes some configuration files to back up, the secrets, and the `holdfast.yaml` of the demo. */
export async function writeConfiguration(demo, mariadb) {
  const files = {
    'data/tracker/etc/tracker.toml': '[metadata]\nschema_version = "2.0.0"\n\n[core.database]\ndriver = "sqlite3"\n',
    'data/prometheus/etc/prometheus.yml': 'global:\n  scrape_interval: 15s\n',
    'data/grafana/provisioning/datasources/prometheus.yml': 'apiVersion: 1\n',
  };
  for (const [path, text] of Object.entries(files)) await writeOnce(join(demo, path), text, 0o644);
  await writeOnce(join(demo, 'secrets/restic-password'), `${randomBytes(24).toString('base64url')}\n`, 0o600);
  if (mariadb !== undefined) await writeOnce(join(demo, 'secrets/mysql-password'), `${mariadb.password}\n`, 0o600);
  await writeFile(join(demo, 'holdfast.yaml'), render(demo, mariadb));
}

/** Leaves a file alone that is there: its time would change, and with it the snapshot. */
async function writeOnce(path, text, mode) {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

function render(demo, mariadb) {
  const mysql = `
      mysql:
        tracker: { host: 127.0.0.1, port: ${mariadb?.port}, user: ${mariadb?.user}, password: { file: ${path('secrets/mysql-password')} }, database: tracker }`;
  function path(name) {
    return JSON.stringify(join(demo, name));
  }
  return `version: 1
host: demo
staging_directory: ${path('staging')}
state_directory: ${path('state')}
restore_directory: ${path('restore')}
repositories:
  main:
    location: ${path('repository')}
    password: { file: ${path('secrets/restic-password')} }
    check: { schedule: { cron: "30 4 * * 0" }, read_data_subset: 1/8 }
    prune: { schedule: { cron: "0 5 * * 0" } }
plans:
  tracker:
    repository: main
    schedule: { cron: "0 3 * * *", timezone: UTC, catch_up_within: 12h }
    sources:
      files:
        config: { base: ${path('data')}, paths: [tracker/etc, prometheus/etc/prometheus.yml, grafana/provisioning] }
      sqlite:
        tracker: { path: ${path('data/tracker/tracker.db')} }${mariadb === undefined ? '' : mysql}
    archive: { directory: ${path('archives')}, format: tar.zst, keep_days: 7, keep_at_least: 2 }
    retention: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 }
    verification:
      schedule: { cron: "0 6 1 * *" }
      required_files: [files/config/tracker/etc/tracker.toml]
      queries:
        - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_least: 300000 }
`;
}
