// SPDX-License-Identifier: Apache-2.0

import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { provePossession } from '#trust/possession.ts'
import { Fault } from '../fault.ts'
import type { Key } from '../ledger/tables.ts'
import { approveOwn } from '../policy/decide.ts'
import type { Profile } from '../policy/profile.ts'
import { type IssuingPorts, issue } from './issue.ts'
import type { Issuer } from './issuer.ts'
import { keptInFile } from './signing-key.ts'

/** What the server's own TLS certificate is made from. */
export interface ServerRequest {
  readonly issuer: Issuer
  readonly profile: Profile
  /** DNS names and addresses under which devices reach the server, the public one first. */
  readonly names: readonly string[]
  readonly environment: Key['environment']
  readonly maker: string
  /** PKCS #10 by the new key, DER. */
  readonly request: Uint8Array
}

/**
 * Issues the server's TLS certificate; it takes the way of every other certificate.
 *
 * @returns leaf first, then the issuer: the explicit chain that the TLS front sends
 * @throws Fault `configuration-wrong` if policy or lint refuse it
 */
export async function issueServerCertificate(
  server: ServerRequest,
  ports: IssuingPorts,
): Promise<readonly Uint8Array[]> {
  const possession = await provePossession(parseCertificationRequest(server.request))
  if (possession.kind === 'refused') throw wrong(possession.detail)
  const { publicKey } = possession.proved
  const verdict = approveOwn({
    profile: server.profile,
    publicKey,
    facts: { maker: server.maker, name: server.names[0] ?? 'localhost', names: server.names },
    owner: 'server',
    environment: server.environment,
  })
  if (verdict.kind === 'refused') throw wrong(verdict.detail)
  const issued = await issue(
    verdict.approved,
    { kind: 'issuer', issuer: server.issuer },
    {
      actor: { kind: 'house', id: 'server-identity' },
      key: await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint]),
      keyFacts: keptInFile,
      environment: server.environment,
      enrolment: {
        protocol: 'local',
        operation: 'enrol',
        entrance: null,
        request: server.request,
        proof: 'self',
        credential: null,
        possession: 'signature',
        sourceAddress: null,
      },
      reserveWith: () => [],
    },
    ports,
  )
  if (issued.kind === 'refused' && issued.reason === 'key-backend-away')
    throw new Fault(
      'key-unreachable',
      `this server has no TLS certificate that is good, and can make none: ${issued.detail}`,
    )
  if (issued.kind !== 'issued') throw wrong(issued.kind === 'refused' ? issued.detail : 'conflict')
  return [issued.certificate, server.issuer.authority.certificate]
}

function wrong(detail: string): Fault {
  return new Fault('configuration-wrong', `the server's certificate cannot be made: ${detail}`)
}
