// SPDX-License-Identifier: Apache-2.0
/** What is given away: three packages, each a table of what goes in. */

/** The parts of package.json that a package takes over. */
export interface Manifest {
  readonly version: string
  readonly license: string
  readonly description: string
  readonly imports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

export interface Package {
  readonly name: string
  readonly description: (manifest: Manifest) => string
  /** The programs: each has its module in `bin/`. */
  readonly programs: readonly string[]
  /** What others may import, by subpath, and its source; it comes with its types. */
  readonly library: Readonly<Record<string, string>>
  /** Files and folders that go in as they are. */
  readonly assets: readonly string[]
  readonly hasDependencies: boolean
}

/** For applications: whether to believe a peer, a key or an update, asking no server. */
const trustLibrary = {
  artefact: 'src/trust/artefact/library.ts',
  'compact-source': 'src/trust/peer/compact-source.ts',
  'crl-source': 'src/trust/peer/crl/crl-source.ts',
  'ocsp-source': 'src/trust/peer/ocsp-source.ts',
  'open-status-file': 'src/trust/compact-status/open-status-file.ts',
  'read-anchors': 'src/trust/peer/read-anchors.ts',
  'revocation-list': 'src/trust/peer/crl/revocation-list.ts',
  'verify-peer': 'src/trust/peer/verify-peer.ts',
  'weak-keys': 'src/trust/weak-keys/library.ts',
} as const

export const packages = {
  server: {
    name: 'vitalsign',
    description: ({ description }) => description,
    programs: ['vitalsign'],
    library: prefixed('./trust/', trustLibrary),
    assets: [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'clients/sh/vitalsign-enrol.sh',
      'deploy',
      'docs',
      'src/console/page',
      'src/edge/store/schema/migrations',
    ],
    hasDependencies: true,
  },
  device: {
    name: 'vitalsign-device',
    description: () => 'gives a device its identity over EST and keeps it, without any dependency',
    programs: ['vitalsign-device'],
    library: {
      './enrol': 'src/device/enrol.ts',
      './fault': 'src/device/fault.ts',
      './firmware': 'src/device/firmware/verify-firmware.ts',
      './files': 'src/device/state/files.ts',
      './keep-up': 'src/device/keep-up.ts',
      './lock': 'src/device/state/lock.ts',
      './ports': 'src/device/ports.ts',
      './run': 'src/device/run.ts',
      './state': 'src/device/state/state.ts',
    },
    assets: [
      'LICENSE',
      'docs/guides/enrol-a-device.md',
      'docs/guides/entropy.md',
      'docs/guides/tpm-device.md',
      'docs/guides/verify-firmware.md',
    ],
    hasDependencies: false,
  },
  trust: {
    name: 'vitalsign-trust',
    description: () => 'tells an application whether to believe a peer, without any dependency',
    programs: [],
    library: prefixed('./', trustLibrary),
    assets: ['LICENSE', 'docs/guides/authenticate-devices.md'],
    hasDependencies: false,
  },
} as const satisfies Record<string, Package>

/** The same files under subpaths that begin so. */
function prefixed(
  prefix: string,
  library: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(library).map(([name, source]) => [`${prefix}${name}`, source]),
  )
}
