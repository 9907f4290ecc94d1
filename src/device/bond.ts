// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { Line } from './connection/line.ts'
import { parseServer, type Server } from './connection/server.ts'
import { DeviceFault } from './fault.ts'
import type { DevicePorts } from './ports.ts'
import type { Files } from './state/files.ts'
import type { Settings } from './state/settings.ts'
import { knownTime, readRoots, readSettings } from './state/state.ts'

/** To whom this device belongs, and whom it believes. */
export interface Bond {
  readonly settings: Settings
  readonly server: Server
  /** Pinned, the oldest first; never none. */
  readonly roots: readonly Certificate[]
}

/** The bond on disk; undefined where the device was never told to enrol. */
export function readBond(files: Files): Bond | undefined {
  const settings = readSettings(files)
  if (settings === undefined) return undefined
  const server = parseServer(settings.server)
  if (server === undefined) {
    throw new DeviceFault('state-damaged', `settings: ${settings.server} is no https address`)
  }
  return { settings, server, roots: readRoots(files, settings) }
}

/** A line to the server, with what is known of time at this moment. */
export function lineOf(ports: DevicePorts, { server, roots }: Bond): Line {
  const now = knownTime(ports.files, roots, ports.clock.now())
  return { server, trust: { roots, now }, limits: ports.limits }
}
