// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from '#core/ledger/ledger.ts'
import type { Machine } from '#core/ledger/tables.ts'
import { machineOf } from '#core/people/machine.ts'
import type { Refused } from '#core/refusal.ts'
import { peerOf } from '#edge/http/peer.ts'
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { stranger } from '../caller.ts'
import { apiHeaders, type Door } from './door.ts'

/** The device port: a machine speaks with the key of its client certificate, which TLS has proved. */
export function machineDoor({ ledger }: { readonly ledger: Ledger }): Door {
  return {
    name: 'machine',
    headers: apiHeaders,
    limitsRate: true,
    identify: async (request) => {
      const { address, certificates } = peerOf(request.raw.socket)
      const [leaf] = certificates
      if (leaf === undefined) return stranger('machine', address)
      const machine = await machineBehind(leaf, ledger)
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

/** The key decides, whoever signed the certificate; but one of ours that was revoked ends it. */
async function machineBehind(
  leaf: Uint8Array,
  ledger: Ledger,
): Promise<Machine | Refused | undefined> {
  const own = await ledger.find('certificate', 'sha256', [sha256(leaf)])
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
