/** Text of `examples/holdfast.yaml`. It lives in a module so that the built package has it wherever it is installed. */
export function renderExample(): string {
  return EXAMPLE;
}

// MAINTENANCE: examples/holdfast.yaml is its twin; a unit test keeps them equal.
const EXAMPLE = `# yaml-language-server: $schema=./holdfast.schema.json
# Editors complete and check this file with: holdfast config schema > holdfast.schema.json
# Check it with: holdfast config validate
#
# All paths are absolute and on the worker's machine. \${NAME} takes a value from the environment ($\${ is a plain \${), but never
# a secret: those are named by { env: NAME }, { file: /path } or { command: [program, argument] } and read when they are needed.
# Durations: 30s 5m 12h 7d.
version: 1
host: tracker-1                          # this machine's constant identity in every snapshot
staging_directory: /var/lib/holdfast/staging   # runs lay out their sources here: needs room for the largest plan
state_directory: /var/lib/holdfast/state
restore_directory: /var/lib/holdfast/restore
max_parallel_runs: 1                     # backup runs at work at a time; others wait for their turn
max_parallel_dumps: 2                    # databases dumped at a time
no_progress_timeout: 15m                 # a restic, sqlite3 or dump client that does nothing for so long is ended and tried again
# priority: { nice: 10, io: idle }       # the programs of phases yield to others; or io: { best_effort: 7 } (docs/limits.md)

repositories:
  main:
    location: s3:https://s3.example.org/backups     # whatever restic takes, also /a/directory; no secret in it
    password: { file: /run/secrets/restic-password } # without this password nothing comes back: keep a copy elsewhere
    environment:                                     # handed to restic alone
      AWS_ACCESS_KEY_ID: { env: BACKUP_KEY_ID }
      AWS_SECRET_ACCESS_KEY: { file: /run/secrets/s3-key }
    # upload_limit: 2MiB                             # per second; or by time of day (docs/limits.md):
    # upload_limit: { default: unlimited, timezone: Europe/Berlin, windows: [{ from: "08:00", to: "22:00", limit: 1MiB }] }
    # download_limit: 4MiB
    check: { schedule: { cron: "30 4 * * 0" }, read_data_subset: 1/8 }   # the next eighth each time
    prune: { schedule: { cron: "0 5 * * 0" } }       # frees what forgotten snapshots leave behind

plans:
  tracker:
    repository: main
    # minute hour day month weekday, or @daily. A run that an outage prevented is made up for within catch_up_within. What is due
    # while the run before is in progress is left out, or with overlap: buffer_one follows it.
    schedule: { cron: "0 3 * * *", timezone: UTC, jitter: 5m, catch_up_within: 12h }
    tags: [torrust]
    deadline: 6h                         # a run that fails is tried again until then
    sources:
      files:                             # paths and globs below base; each must exist, unless under optional_paths
        config:
          base: /data
          paths: [config/.env, tracker/etc, prometheus/etc/prometheus.yml, grafana/provisioning]
          exclude: ["*.log"]
      sqlite:                            # may be in use
        tracker: { path: /data/tracker/lib/database/tracker.db }
        grafana: { path: /data/grafana/data/grafana.db }
      mysql:                             # MySQL or MariaDB; socket: /run/mysqld/mysqld.sock in place of host and port
        tracker:
          host: mysql
          port: 3306
          user: backup
          password: { file: /run/secrets/mysql }
          database: tracker
          tls: preferred                 # or disabled, required, verify (with tls_ca)
          max_shrink: 50%                # a dump that shrank by more is not trusted: nothing old is forgotten
    # Only where something has to be stopped for its dumps; it is started again whatever happens (docs/hooks.md).
    # hooks:
    #   before_dump: [docker, stop, tracker]
    #   after_dump: [docker, start, tracker]
    #   state: [docker, inspect, --format, "{{.State.Running}}", tracker]   # what was stopped before stays stopped
    archive: { directory: /backups, format: tar.zst, keep_days: 7, keep_at_least: 2 }   # or tar.gz
    retention: { keep_daily: 7, keep_weekly: 4, keep_monthly: 12 }   # without it nothing is ever forgotten
    verification:                        # the drill: restores the newest snapshot and compares it with its manifest
      schedule: { cron: "0 6 1 * *" }
      required_files: [files/config/config/.env, files/config/tracker/etc/tracker.toml, sqlite/tracker.db]
      # scratch: { mysql: { host: scratch-db, user: drill, password: { file: /run/secrets/drill } } }   # else mariadbd or mysqld is started
      queries:                           # run on the restored copy
        - { sqlite: tracker, sql: "SELECT count(*) FROM torrents", at_least: 1 }

# Who is told how runs end: by a POST to an address, which is a secret since it has a token in it, or by a program of yours.
notifications:
  - { on: [failed, partial], url: { file: /run/secrets/ntfy-url }, format: text }   # json for Slack, Mattermost, Discord
  - { on: [succeeded], url: { file: /run/secrets/healthchecks-url } }               # a dead man's switch: tells you of silence
`;
