// SPDX-License-Identifier: Apache-2.0

import { identifyLiveApplication } from '#core/enrolment/applications/identify-application.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Machine } from '#core/ledger/tables.ts'
import { machineOf } from '#core/people/machine.ts'
import type { Clock } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { peerOf } from '#edge/http/peer.ts'
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { type Caller, stranger } from '../caller.ts'
import { apiHeaders, type Door } from './door.ts'

interface MachineDoorPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/**
 * The device port: a machine speaks with the key of its client certificate, which TLS has proved. An application
 * speaks with its certificate, and may ask whom to believe and nothing else.
 */
export function machineDoor(ports: MachineDoorPorts): Door {
  return {
    name: 'machine',
    headers: apiHeaders,
    limitsRate: true,
    identify: async (request) => {
      const { address, certificates } = peerOf(request.raw.socket)
      const [leaf] = certificates
      if (leaf === undefined) return stranger('machine', address)
      const own = await ports.ledger.find('certificate', 'sha256', [sha256(leaf)])
      if (own?.kind === 'client' && own.owner.startsWith('app_'))
        return applicationBehind(certificates, address, ports)
      const machine = await machineBehind(leaf, own, ports.ledger)
      if (machine === undefined) return stranger('machine', address)
      if ('kind' in machine) return machine
      return {
        door: 'machine',
        source: address,
        actor: { kind: 'machine', id: machine.id },
        name: machine.name,
        role: machine.role,
        session: undefined,
      }
    },
    keepSession: () => {},
  }
}

async function applicationBehind(
  chain: readonly Uint8Array[],
  source: string,
  ports: MachineDoorPorts,
): Promise<Caller | Refused> {
  const identified = await identifyLiveApplication(chain, ports)
  if (identified.kind === 'refused') return identified
  const { id, name } = identified.application
  return {
    ...{ door: 'machine', source, actor: { kind: 'application', id }, name },
    ...{ role: 'verifier', session: undefined },
  }
}

/** The key decides, whoever signed the certificate; but one of ours that was revoked ends it. */
async function machineBehind(
  leaf: Uint8Array,
  own: CertificateRecord | undefined,
  ledger: Ledger,
): Promise<Machine | Refused | undefined> {
  if (own?.state === 'revoked' || own?.state === 'abandoned') {
    return refuse('certificate-revoked', 'this client certificate was revoked')
  }
  if (own?.state === 'held') {
    return refuse('certificate-held', 'this client certificate is suspended until it is released')
  }
  const fingerprint = fingerprintOf(leaf)
  return fingerprint === undefined ? undefined : machineOf(fingerprint, { ledger })
}

function fingerprintOf(leaf: Uint8Array): Uint8Array | undefined {
  try {
    const key = importPublicKey(parseCertificate(leaf, { unknownCritical: 'keep' }).publicKey)
    return 'fingerprint' in key ? key.fingerprint : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined // a certificate that we cannot read is nobody's
    throw error
  }
}
