// SPDX-License-Identifier: Apache-2.0

import { attributeTypes } from '#format/oids.ts'
import { encodeSigned, encodeTbsCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithms } from '../algorithms.ts'
import { sha256 } from '../digest.ts'
import type { StatementSigner } from './sign-statement.ts'

/** RFC 5280 section 4.1.2.5: it has no end of its own; the key ends by an act that is logged. */
const noEnd = Temporal.Instant.from('9999-12-31T23:59:59Z')

/**
 * A certificate over an approver key by the key itself, so that any program that checks CMS can check what it signs.
 * It vouches for nothing: whose key it is says who confirmed it.
 *
 * @param serialNumber positive, 16 octets of chance
 * @returns DER
 */
export async function certifyApprover(
  name: string,
  signer: Omit<StatementSigner, 'chain'>,
  serialNumber: Uint8Array,
  at: Temporal.Instant,
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithms[signer.algorithm]
  const subject = encodeName([[{ type: attributeTypes.commonName, value: name }]])
  const toBeSigned = encodeTbsCertificate({
    ...{ serialNumber, signatureAlgorithm: algorithm.identifier, issuer: subject, subject },
    ...{ notBefore: at.round({ smallestUnit: 'second', roundingMode: 'floor' }), notAfter: noEnd },
    publicKey: signer.publicKey.spki,
    extensions: [
      encodeExtension('basicConstraints', { ca: false }),
      encodeExtension('keyUsage', ['digitalSignature', 'nonRepudiation']),
      encodeExtension('subjectKeyIdentifier', sha256(signer.publicKey.spki).slice(0, 20)),
    ],
  })
  return encodeSigned(toBeSigned, algorithm.identifier, await signer.sign(toBeSigned))
}
