// SPDX-License-Identifier: Apache-2.0
/** A device with a TPM of keys in memory: it takes part in the exchange, and lies where a test wants it to. */
import assert from 'node:assert/strict'
import { createDecipheriv, createECDH, type KeyObject } from 'node:crypto'
import { type Begun, beginAttestation } from '#core/attestation/begin.ts'
import { type Certified, certifyKeys } from '#core/attestation/certify.ts'
import type { AttestationPorts } from '#core/attestation/ports.ts'
import type {
  BeginAnswer,
  BeginRequest,
  CertifyAnswer,
  CertifyRequest,
} from '#format/attestation/messages.ts'
import { concatBytes } from '#format/bytes.ts'
import { readTpm } from '#format/tpm/reader.ts'
import {
  parseEccPoint,
  parseEncryptedSecret,
  parseIdObject,
} from '#format/tpm/structure/credential.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { attestationPorts } from '#house/attestation.ts'
import type { Core } from '#house/core.ts'
import type { KeyPair } from '#trust/private-key.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { deriveByHash, deriveByHmac } from '#trust/tpm/derive.ts'
import { nameOf } from '#trust/tpm/name.ts'
import { endorsementTemplates } from '#trust/tpm/templates.ts'
import {
  type ForgedKey,
  forgeAttestationKey,
  forgeCertify,
  forgeDeviceKey,
  forgeKey,
} from './forged-tpm.ts'

/** What is in one chip. */
export interface ForgedTpm {
  readonly endorsement: ForgedKey
  readonly attestation: ForgedKey
}

export function makeForgedTpm(): ForgedTpm {
  return {
    endorsement: forgeKey(endorsementTemplates['p-256-low'].public),
    attestation: forgeAttestationKey(),
  }
}

export function publicKeyOf(key: ForgedKey): PublicKey {
  const imported = importPublicKey(encodeSpki(key.public))
  return 'kind' in imported ? assert.fail(imported.detail) : imported
}

/** The same key as requests are signed with. */
export function pairOf(key: ForgedKey): KeyPair {
  return { privateKey: key.privateKey, publicKey: publicKeyOf(key) }
}

const none = new Uint8Array()
const source = { sourceAddress: '192.0.2.7', requestId: 'r' }

/** One device before one server. */
export class ForgedDevice {
  readonly serial: string
  readonly tpm: ForgedTpm
  readonly ports: AttestationPorts
  certificates: readonly Uint8Array[] = []
  code: string | undefined

  constructor(core: Core, serial: string, tpm = makeForgedTpm()) {
    this.serial = serial
    this.tpm = tpm
    this.ports = attestationPorts(core)
  }

  ask(changes: Partial<BeginRequest> = {}): Promise<Begun> {
    const { endorsement, attestation } = this.tpm
    return beginAttestation(
      {
        ...{ serial: this.serial, code: this.code, ekCertificates: this.certificates },
        ekPublic: encodeSizedPublic(endorsement.public),
        akPublic: encodeSizedPublic(attestation.public),
        ...changes,
      },
      source,
      this.ports,
    )
  }

  async begin(changes: Partial<BeginRequest> = {}): Promise<BeginAnswer> {
    const begun = await this.ask(changes)
    return begun.kind === 'begun' ? begun.answer : assert.fail(JSON.stringify(begun))
  }

  /** TPM2_ActivateCredential: the secret, which only this chip can tell. */
  activate({ credentialBlob, encryptedSecret }: BeginAnswer): Uint8Array {
    return openCredential(this.tpm, credentialBlob, encryptedSecret)
  }

  /** What goes back for a key; `changes` is where a test lies. */
  answerTo(
    begun: BeginAnswer,
    key: ForgedKey,
    changes: Partial<CertifyRequest> = {},
  ): CertifyRequest {
    const attested = forgeCertify(this.tpm.attestation, key.public, begun.nonce)
    return {
      session: begun.session,
      secret: this.activate(begun),
      keys: [{ public: encodeSizedPublic(key.public), ...attested }],
      ...changes,
    }
  }

  certify(request: CertifyRequest): Promise<Certified> {
    return certifyKeys(request, source, this.ports)
  }

  /** The whole exchange, as it should be. */
  async attest(key: ForgedKey = forgeDeviceKey()): Promise<CertifyAnswer> {
    const certified = await this.certify(this.answerTo(await this.begin(), key))
    return certified.kind === 'certified'
      ? certified.answer
      : assert.fail(JSON.stringify(certified))
  }
}

/** Part 1 section 24, the other way round. */
function openCredential(
  { endorsement, attestation }: ForgedTpm,
  blob: Uint8Array,
  encryptedSecret: Uint8Array,
): Uint8Array {
  const name = nameOf(attestation.public)
  const seed = seedFrom(endorsement, encryptedSecret)
  const { encryptedIdentity } = parseIdObject(blob)
  const key = deriveByHmac(seed, {
    ...{ hash: 'sha256', label: 'STORAGE', contextU: name, contextV: none, bits: 128 },
  })
  const cipher = createDecipheriv('aes-128-cfb', key, new Uint8Array(16))
  const plain = concatBytes([cipher.update(encryptedIdentity), cipher.final()])
  return readTpm(plain, (reader) => reader.sized(64)).slice()
}

function seedFrom({ public: area, privateKey }: ForgedKey, encrypted: Uint8Array): Uint8Array {
  const { x, y } = parseEccPoint(parseEncryptedSecret(encrypted), 'p-256')
  const exchange = createECDH('prime256v1')
  exchange.setPrivateKey(scalarOf(privateKey))
  const shared = new Uint8Array(exchange.computeSecret(concatBytes([Uint8Array.of(4), x, y])))
  return deriveByHash(shared, {
    ...{ hash: 'sha256', label: 'IDENTITY', contextU: x, contextV: area.x, bits: 256 },
  })
}

function scalarOf(key: KeyObject): Uint8Array {
  const { d = '' } = key.export({ format: 'jwk' })
  return Uint8Array.fromBase64(d, { alphabet: 'base64url' })
}
