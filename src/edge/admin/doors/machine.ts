// SPDX-License-Identifier: Apache-2.0

import type { ApplicationIdentifyingPorts } from '#core/enrolment/applications/identify-application.ts'
import { grantOf } from '#core/people/grant.ts'
import type { Refused } from '#core/refusal.ts'
import { type Asker, askerBehind } from '#core/verification/asker.ts'
import { peerOf } from '#edge/http/peer.ts'
import { builder } from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'
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
      const bearer = bearerOf(request.headers.authorization)
      if (bearer !== undefined) return grantedTo(bearer, address, ports)
      const [leaf] = certificates
      const asker = leaf && (await askerBehind(leaf, ports))
      if (asker === undefined) return stranger('machine', address)
      if (asker.kind === 'refused') return asker
      return { door: 'machine', source: address, ...spokenFor(asker), session: undefined }
    },
    keepSession: () => {},
  }
}

/** RFC 6750 section 2.1; whoever sends one means to be known by it, and not by a certificate beside. */
function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w-]{1,200})$/i.exec(authorization ?? '')?.[1]
}

/** A job of a build, for the minutes that it was granted. */
async function grantedTo(
  token: string,
  source: string,
  ports: ApplicationIdentifyingPorts,
): Promise<Caller | Refused> {
  const grant = await grantOf(token, ports)
  if (grant === undefined)
    return refuse('credential-missing', 'this grant has ended, or there never was one')
  const { id, subject: name, products } = grant
  const actor = { kind: 'machine', id } as const
  return { door: 'machine', source, actor, name, role: builder, products, session: undefined }
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
