import { expect, test } from '@jest/globals';
import { resticError } from '../../../../activities/restic/exit-codes.ts';

test.each([
  [10, '', 'RepositoryMissing'],
  [11, 'repository is already locked by PID 7 on host-b', 'RepositoryLocked'],
  [12, '', 'AuthRejected'],
  [1, 'write /srv/repo/data/ab: no space left on device', 'DiskFull'],
  [1, 'ciphertext verification failed', 'RepositoryDamaged'],
  [1, 'Fatal: unable to open config file: permission denied', 'ConfigInvalid'],
  [1, 'dial tcp 127.0.0.1:9: connect: connection refused', 'StorageUnavailable'],
  [130, '', 'StorageUnavailable'],
  [99, 'something new', 'StorageUnavailable'],
])('exit code %i with "%s" is %s', (exitCode, stderr, type) => {
  expect(resticError({ repository: 'main', command: 'backup', exitCode, stderr })).toMatchObject({ type });
});

test('the message quotes the JSON error of restic, names the repository and says what to do', () => {
  const stderr = '{"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist"}\n';
  const error = resticError({ repository: 'main', command: 'cat config', exitCode: 10, stderr });
  expect(error.message).toContain('repository main: restic cat config failed: Fatal: repository does not exist.');
  expect(error.message).toContain('holdfast init main');
  expect(error.message).toContain('mounted');
});

test('a locked repository names machine, process, user and age of the lock', () => {
  const message =
    'unable to create lock in backend: repository is already locked exclusively by PID 7 on host-b by root (UID 0, GID 0)\\nlock was created at 2026-11-23 07:16:40 (1h2m1.859202309s ago)\\nstorage ID 3bde6e8a';
  const stderr = `{"message_type":"exit_error","code":11,"message":"${message}"}\n`;
  const error = resticError({ repository: 'main', command: 'check', exitCode: 11, stderr });
  expect(error.message).toContain('it is locked exclusively by process 7 of user root on machine host-b for 1h2m1s');
  expect(error.message).toContain('holdfast unlock main');
});
