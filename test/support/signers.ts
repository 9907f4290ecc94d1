// SPDX-License-Identifier: Apache-2.0
/** People who sign firmware, for tests: a root, an authority, signers of any algorithm and purpose, and a device. */
import { type KeyObject, sign as signBytes } from 'node:crypto'
import type { Oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import {
  type KeyAlgorithmName,
  type SignatureAlgorithmName,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import type { ArtefactSigner, SignatureWanted } from '#trust/artefact/form.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { paddingFor } from '#trust/signature.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNow,
  makeEntity,
  type Wish,
} from '../made-certificates.ts'

/** What the one-click profile of a signer has: it passes RAUC and SWUpdate, whatever their settings. */
export const goodPurposes: readonly Oid[] = [
  keyPurposes.codeSigning,
  keyPurposes.emailProtection,
  keyPurposes.updatePackageSigning,
]

export interface MadeSigner extends ArtefactSigner {
  readonly certificate: Certificate
  readonly privateKey: KeyObject
}

export interface SigningHouse {
  readonly root: Entity
  readonly rootCertificate: Certificate
  readonly issuing: Entity
  readonly issuingCertificate: Certificate
  /** A signer under the issuing authority; its purposes are good ones unless said otherwise, undefined: unsaid. */
  signer(wish?: SignerWish): Promise<MadeSigner>
  /** What a device of the house believes, at a moment when all is valid. */
  trust(other?: Partial<DeviceTrust>): DeviceTrust
}

export interface SignerWish extends Wish {
  readonly algorithm?: KeyAlgorithmName
  /** Absent: what a key of its kind usually makes. */
  readonly signsWith?: SignatureAlgorithmName
  readonly purposes?: readonly Oid[] | undefined
  readonly name?: string
}

/** For judges that look at the clock of this machine. */
export const longLived = {
  notBefore: Temporal.Instant.from('2020-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2049-12-31T23:59:59Z'),
}

/**
 * @param validity of all certificates; absent: as in other made certificates
 * @param restricted what the issuing authority says that it is for; absent: it does not say
 */
export async function signingHouse(
  name = 'Test',
  validity: Pick<Wish, 'notBefore' | 'notAfter'> = {},
  restricted: readonly Oid[] = [],
): Promise<SigningHouse> {
  const root = await makeEntity(`CN=${name} firmware root`, 'p-384')
  const issuing = await makeEntity(`CN=${name} firmware authority`)
  const rootCertificate = await certifyAuthority(root, root, [], undefined, validity)
  const more = restricted.length === 0 ? [] : [encodeExtension('extKeyUsage', restricted)]
  const issuingCertificate = await certifyAuthority(issuing, root, more, undefined, validity)
  return {
    ...{ root, rootCertificate, issuing, issuingCertificate },
    async signer(wish = {}) {
      const entity = await makeEntity(`CN=${wish.name ?? 'signer'}`, wish.algorithm ?? 'p-256')
      const purposes = 'purposes' in wish ? wish.purposes : goodPurposes
      const extensions = [
        encodeExtension('keyUsage', ['digitalSignature']),
        encodeExtension('subjectKeyIdentifier', keyIdentifierOf(entity)),
        ...(purposes === undefined ? [] : [encodeExtension('extKeyUsage', purposes)]),
      ]
      const certificate = await certify(entity, issuing, { extensions, ...validity, ...wish })
      return {
        publicKey: entity.pair.publicKey,
        privateKey: entity.pair.privateKey,
        chain: [certificate.der, issuingCertificate.der],
        algorithm: wish.signsWith ?? signatureAlgorithmFor(entity.pair.publicKey.algorithm).name,
        certificate,
      }
    },
    trust: (other = {}) => ({
      keys: [],
      roots: [rootCertificate],
      purpose: 'email-and-code',
      now: madeNow,
      stampRoots: [],
      counter: undefined,
      demandsBoth: false,
      ...other,
    }),
  }
}

/** Signs what is wanted, with the keys of those who are wanted. */
export function signAll(
  wanted: readonly SignatureWanted[],
  signers: readonly MadeSigner[],
): Uint8Array[] {
  return wanted.map(({ signer, over, bytes }) => {
    const made = signers.find(({ publicKey }) => publicKey === signer.publicKey)
    if (made === undefined || over !== 'message') throw new Error('cannot sign this')
    const row = signatureAlgorithms[signer.algorithm]
    const signature = signBytes(row.digest, bytes, {
      key: made.privateKey,
      dsaEncoding: 'der',
      ...paddingFor(row, signer.publicKey.bits),
    })
    return Uint8Array.from(signature)
  })
}
