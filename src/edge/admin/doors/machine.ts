// SPDX-License-Identifier: Apache-2.0

import type { ApplicationIdentifyingPorts } from '#core/enrolment/applications/identify-application.ts'
import { type Asker, askerBehind } from '#core/verification/asker.ts'
import { peerOf } from '#edge/http/peer.ts'
import { type Caller, stranger } from '../caller.ts'
import { apiHeaders, type Door } from './door.ts'

/** The device port: a machine or application speaks with the key of its client certificate, which TLS has proved. */
export function machineDoor(ports: ApplicationIdentifyingPorts): Door {
  return {
    name: 'machine',
    headers: apiHeaders,
    limitsRate: true,
    identify: async (request) => {
      const { address, certificates } = peerOf(request.raw.socket)
      const [leaf] = certificates
      const asker = leaf && (await askerBehind(leaf, ports))
      if (asker === undefined) return stranger('machine', address)
      if (asker.kind === 'refused') return asker
      return { door: 'machine', source: address, ...spokenFor(asker), session: undefined }
    },
    keepSession: () => {},
  }
}

/** An application that was registered may ask about those who speak to it, and nothing else. */
function spokenFor(asker: Asker): Pick<Caller, 'actor' | 'name' | 'role'> {
  if (asker.kind === 'application') {
    const { id, name } = asker.application
    return { actor: { kind: 'application', id }, name, role: 'verifier' }
  }
  const { id, name, role } = asker.machine
  return { actor: { kind: 'machine', id }, name, role }
}
