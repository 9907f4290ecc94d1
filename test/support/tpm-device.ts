// SPDX-License-Identifier: Apache-2.0
/** A device with a TPM that runs: it does by single commands what a client does, over HTTPS, and lies where told to. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  attestationPaths,
  type BeginAnswer,
  type BeginRequest,
  type CertifyAnswer,
  type CertifyRequest,
  encodeBeginRequest,
  encodeCertifyRequest,
  parseBeginAnswer,
  parseCertifyAnswer,
} from '#format/attestation/messages.ts'
import { concatBytes } from '#format/bytes.ts'
import { noPassword } from '#format/tpm/command/command.ts'
import { nvRead, nvReadPublic, pcrRead } from '#format/tpm/command/inventory.ts'
import {
  create,
  evictControl,
  flushContext,
  load,
  readPublicArea,
} from '#format/tpm/command/objects.ts'
import { policySecret, startPolicySession } from '#format/tpm/command/sessions.ts'
import { activateCredential, certify, quote, sign } from '#format/tpm/command/signing.ts'
import type { ObjectAttribute } from '#format/tpm/structure/attributes.ts'
import { encodeSizedPublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import { signatureOctets } from '#format/tpm/structure/signature.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import type { House } from '#house/house.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { tpmDigest } from '#trust/tpm/name.ts'
import {
  attestationKeyTemplate,
  endorsementTemplates,
  signingKeyTemplates,
  storageRootHandle,
} from '#trust/tpm/templates.ts'
import { type Answer, ask, postEst } from './house.ts'
import type { SoftTpm } from './tpm.ts'

/** A key that is loaded in a TPM. */
export interface LoadedKey {
  readonly handle: number
  readonly public: TpmPublic
  readonly publicKey: PublicKey
}

/** The endorsement key of every old TPM; its certificate has one place in all of them. */
const endorsementTemplate = endorsementTemplates['rsa-2048-low']
/** Where the maker of our TPMs keeps that key, and where we keep ours: a TPM has room for three loaded ones. */
const endorsementHandle = 0x8101_0001
const attestationHandle = 0x8101_0100
const scheme = { name: 'ecdsa', hash: 'sha256' } as const

export class TpmDevice {
  readonly serial: string
  readonly tpm: SoftTpm
  readonly house: House
  readonly endorsement: LoadedKey
  readonly attestation: LoadedKey
  certificates: readonly Uint8Array[] = []
  code: string | undefined

  constructor(parts: Pick<TpmDevice, 'serial' | 'tpm' | 'house' | 'endorsement' | 'attestation'>) {
    this.serial = parts.serial
    this.tpm = parts.tpm
    this.house = parts.house
    this.endorsement = parts.endorsement
    this.attestation = parts.attestation
  }

  /** Makes its attestation key, and keeps it; the TPM is one that its maker provisioned. */
  static async open(house: House, tpm: SoftTpm, serial: string): Promise<TpmDevice> {
    const kept = await tpm.ask(readPublicArea(endorsementHandle))
    const publicKey = publicKeyOf(kept.public)
    const endorsement = { public: kept.public, publicKey, handle: endorsementHandle }
    const loaded = await makeKey(tpm, attestationKeyTemplate)
    await tpm.ask(evictControl(loaded.handle, attestationHandle))
    await tpm.ask(flushContext(loaded.handle))
    const attestation = { ...loaded, handle: attestationHandle }
    return new TpmDevice({ serial, tpm, house, endorsement, attestation })
  }

  /** Drops its attestation key, so that the TPM can be opened as another device's. */
  async close(): Promise<void> {
    await this.tpm.ask(evictControl(attestationHandle, attestationHandle))
  }

  makeKey(attributes?: readonly ObjectAttribute[]): Promise<LoadedKey> {
    const template = signingKeyTemplates['p-256']
    return makeKey(this.tpm, { ...template, attributes: attributes ?? template.attributes })
  }

  /** The certificate of the endorsement key, from the memory of the TPM. */
  async readCertificate(): Promise<Uint8Array> {
    const { certificateIndex } = endorsementTemplate
    const { octets } = await this.tpm.ask(nvReadPublic(certificateIndex))
    const parts: Uint8Array[] = []
    for (let at = 0; at < octets; at += 512)
      parts.push(await this.tpm.ask(nvRead(certificateIndex, at, Math.min(512, octets - at))))
    return concatBytes(parts)
  }

  askToBegin(changes: Partial<BeginRequest> = {}): Promise<Answer> {
    const request: BeginRequest = {
      ...{ serial: this.serial, code: this.code, ekCertificates: this.certificates },
      ekPublic: encodeSizedPublic(this.endorsement.public),
      akPublic: encodeSizedPublic(this.attestation.public),
      ...changes,
    }
    return post(this.house, attestationPaths.begin, encodeBeginRequest(request))
  }

  async begin(changes: Partial<BeginRequest> = {}): Promise<BeginAnswer> {
    return parseBeginAnswer(bodyOf(await this.askToBegin(changes)))
  }

  async activate({ credentialBlob, encryptedSecret }: BeginAnswer): Promise<Uint8Array> {
    const { tpm } = this
    const session = await tpm.ask(startPolicySession('sha256', new Uint8Array(randomBytes(16))))
    await tpm.ask(policySecret('endorsement', session))
    try {
      return await tpm.ask(
        activateCredential(
          ...([this.attestation.handle, this.endorsement.handle] as const),
          ...([credentialBlob, encryptedSecret] as const),
          [noPassword, { kind: 'policy', session }],
        ),
      )
    } finally {
      await tpm.ask(flushContext(session))
    }
  }

  /** What the attestation key says of a key; `signer` and `nonce` are where a test lies. */
  async claim(
    key: LoadedKey,
    nonce: Uint8Array,
    signer = this.attestation,
  ): Promise<CertifyRequest['keys'][number]> {
    const attested = await this.tpm.ask(certify(key.handle, signer.handle, nonce))
    return { public: encodeSizedPublic(key.public), ...attested }
  }

  async quoteFor({
    nonce,
    quote: asked,
  }: BeginAnswer): Promise<NonNullable<CertifyRequest['quote']>> {
    const registers = asked?.registers ?? []
    const selections = [{ bank: 'sha256', registers, mapOctets: 3 }] as const
    const values: { register: number; value: Uint8Array }[] = []
    // A TPM tells eight registers at a time at the most.
    for (const register of registers) {
      const { digests } = await this.tpm.ask(
        pcrRead([{ bank: 'sha256', registers: [register], mapOctets: 3 }]),
      )
      values.push({ register, value: digests[0] ?? assert.fail(`register ${register}`) })
    }
    return { ...(await this.tpm.ask(quote(this.attestation.handle, nonce, selections))), values }
  }

  /** The second message as it should be. */
  async answerTo(begun: BeginAnswer, ...keys: readonly LoadedKey[]): Promise<CertifyRequest> {
    const secret = await this.activate(begun)
    const claims: CertifyRequest['keys'][number][] = []
    for (const key of keys) claims.push(await this.claim(key, begun.nonce))
    const quoted = begun.quote === undefined ? undefined : await this.quoteFor(begun)
    return { session: begun.session, secret, keys: claims, ...(quoted && { quote: quoted }) }
  }

  certify(request: CertifyRequest): Promise<Answer> {
    return post(this.house, attestationPaths.certify, encodeCertifyRequest(request))
  }

  /** The whole exchange. */
  async attest(...keys: readonly LoadedKey[]): Promise<CertifyAnswer> {
    const request = await this.answerTo(await this.begin(), ...keys)
    return parseCertifyAnswer(bodyOf(await this.certify(request)))
  }

  /** Asks EST with a ticket; the request is signed in the TPM. */
  async enrol(key: LoadedKey, ticket: string, label?: string): Promise<Answer> {
    return postEst(this.house, 'simpleenroll', await this.request(key), {
      ...{ user: this.serial, code: ticket },
      ...(label !== undefined && { label }),
    })
  }

  async request(key: LoadedKey): Promise<Uint8Array> {
    const info = encodeCertificationRequestInfo({
      subject: encodeName([]),
      publicKey: key.publicKey.spki,
      extensions: [],
    })
    const signature = await this.tpm.ask(sign(key.handle, tpmDigest('sha256', info), scheme))
    const { identifier } = signatureAlgorithms['ecdsa-sha256']
    return encodeSigned(info, identifier, signatureOctets(signature))
  }
}

async function makeKey(tpm: SoftTpm, template: TpmPublic): Promise<LoadedKey> {
  const made = await tpm.ask(create(storageRootHandle, template))
  const { handle } = await tpm.ask(load(storageRootHandle, made))
  return { handle, public: made.public, publicKey: publicKeyOf(made.public) }
}

function publicKeyOf(area: TpmPublic): PublicKey {
  const imported = importPublicKey(encodeSpki(area))
  return 'kind' in imported ? assert.fail(imported.detail) : imported
}

function post(house: House, path: string, body: string): Promise<Answer> {
  return ask(house, 'POST', path, { headers: { 'Content-Type': 'application/json' }, body })
}

function bodyOf({ status, body }: Answer): Uint8Array {
  assert.equal(status, 200, body)
  return new TextEncoder().encode(body)
}
