// SPDX-License-Identifier: Apache-2.0
/** What a TPM would say, from keys in memory: attestations that no TPM makes, to be refused. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Attest, encodeAttest, generatedByTpm } from '#format/tpm/structure/attest.ts'
import type { ObjectAttribute } from '#format/tpm/structure/attributes.ts'
import type { TpmEccPublic, TpmPublic } from '#format/tpm/structure/public.ts'
import { encodeTpmSignature } from '#format/tpm/structure/signature.ts'
import { nameOf } from '#trust/tpm/name.ts'
import { attestationKeyTemplate, signingKeyTemplates } from '#trust/tpm/templates.ts'

/** A P-256 key with the public area that a TPM would give it. */
export interface ForgedKey {
  readonly public: TpmEccPublic
  readonly privateKey: KeyObject
}

export function forgeKey(template: TpmPublic, attributes?: readonly ObjectAttribute[]): ForgedKey {
  if (template.type !== 'ecc') throw new TypeError('only keys of P-256 are forged')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinate = (text: string) => Uint8Array.fromBase64(text, { alphabet: 'base64url' })
  return {
    public: {
      ...template,
      attributes: attributes ?? template.attributes,
      x: coordinate(x),
      y: coordinate(y),
    },
    privateKey,
  }
}

export const forgeAttestationKey = (attributes?: readonly ObjectAttribute[]): ForgedKey =>
  forgeKey(attestationKeyTemplate, attributes)

export const forgeDeviceKey = (attributes?: readonly ObjectAttribute[]): ForgedKey =>
  forgeKey(signingKeyTemplates['p-256'], attributes)

/** TPM2_Certify of `certified` by `signer`, as a TPM would make it; `bend` changes it before it is signed. */
export function forgeCertify(
  signer: ForgedKey,
  certified: TpmPublic,
  qualifyingData: Uint8Array,
  bend: (attest: Attest) => Attest = (attest) => attest,
): { readonly attest: Uint8Array; readonly signature: Uint8Array } {
  const name = nameOf(certified)
  const attested = { kind: 'certify', name, qualifiedName: name } as const
  return forgeAttest(signer, bend({ ...frame(signer, qualifyingData), attested }))
}

export function frame(signer: ForgedKey, extraData: Uint8Array): Omit<Attest, 'attested'> {
  return {
    magic: generatedByTpm,
    qualifiedSigner: nameOf(signer.public),
    extraData,
    clock: 1000n,
    resetCount: 1,
    restartCount: 0,
    safe: true,
    firmwareVersion: 1n,
  }
}

/** Signs an attestation as ECDSA with SHA-256. */
export function forgeAttest(signer: ForgedKey, value: Attest) {
  const attest = encodeAttest(value)
  const raw = new Uint8Array(
    sign('sha256', attest, { key: signer.privateKey, dsaEncoding: 'ieee-p1363' }),
  )
  const [r, s] = [raw.slice(0, 32), raw.slice(32)]
  return { attest, signature: encodeTpmSignature({ scheme: 'ecdsa', hash: 'sha256', r, s }) }
}
