// SPDX-License-Identifier: Apache-2.0
/** A time-stamp authority with its own root, for signatures that bear a token. */
import { hash } from 'node:crypto'
import { oid } from '#format/der/oid.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { Stamp } from '#trust/artefact/form.ts'
import { sign } from '#trust/private-key.ts'
import { planTimeStamp } from '#trust/time-stamp/plan-time-stamp.ts'
import { certify, certifyAuthority, madeNow, makeEntity } from '../made-certificates.ts'

export interface Stamper {
  readonly root: Certificate
  /** At `madeNow`, and off by nothing. */
  readonly stamp: Stamp
}

export async function makeStamper(): Promise<Stamper> {
  const [authority, stamper] = await Promise.all([
    makeEntity('CN=Stamp root'),
    makeEntity('CN=Stamper'),
  ])
  const extensions = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('extKeyUsage', [keyPurposes.timeStamping], true),
  ]
  const { der } = await certify(stamper, authority, { extensions })
  const { publicKey, privateKey } = stamper.pair
  return {
    root: await certifyAuthority(authority),
    async stamp(signature) {
      const plan = planTimeStamp({
        info: {
          ...{ policy: oid('1.2.3.4.1'), serialNumber: Uint8Array.of(1), genTime: madeNow },
          messageImprint: {
            hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256),
            hashedMessage: Uint8Array.from(hash('sha256', signature, 'buffer')),
          },
          ...{ accuracy: undefined, ordering: false, nonce: undefined },
        },
        signer: { publicKey, chain: [der], algorithm: 'ecdsa-sha256' },
        withCertificates: true,
      })
      if (plan.kind === 'refused') throw new Error(plan.detail)
      const { bytes } = plan.wanted[0]!
      return plan.finish([await sign(privateKey, signatureAlgorithms['ecdsa-sha256'], bytes)])
    },
  }
}
