// SPDX-License-Identifier: Apache-2.0
/**
 * What a device and this server say to each other about the device's TPM: two questions in JSON, asked with
 * POST beside EST. Bytes are in base64, and hold what the TPM itself takes and gives (TCG, TPM 2.0 part 2).
 *
 * `begin`: here are my endorsement key and an attestation key; prove me. The answer holds a secret that only
 * the TPM with both keys can open. `certify`: here is the secret, and here my attestation key says that these
 * keys live beside it. The answer gives a ticket for each, the password with which EST certifies that key.
 */
import { encodeObject, type Members, readObject } from './members.ts'

export const attestationPaths = {
  begin: '/.well-known/vitalsign/tpm/begin',
  certify: '/.well-known/vitalsign/tpm/certify',
} as const

export const attestationMediaType = 'application/json'

/** An endorsement certificate has about 1.5 kB, a chain three of them; all else is smaller. */
export const mostMessageBytes = 65_536

const most = {
  serialCharacters: 64,
  labelCharacters: 46,
  codeCharacters: 64,
  sessionCharacters: 64,
  /** TPM2B_PUBLIC of RSA-4096 has 600 bytes. */
  publicBytes: 1024,
  certificates: 8,
  certificateBytes: 16_384,
  keys: 4,
  attestBytes: 2048,
  signatureBytes: 1024,
  secretBytes: 64,
  /** 24 registers in each of four banks. */
  registers: 96,
  register: 31,
  digestBytes: 64,
  blobBytes: 1024,
} as const

export interface BeginRequest {
  /** As printed on the unit. */
  readonly serial: string
  /** The entrance; undefined: the default one of the device's product. */
  readonly label?: string | undefined
  /** The one-time enrolment code, where no TPM is registered for the device yet. */
  readonly code?: string | undefined
  /** TPM2B_PUBLIC of the endorsement key. */
  readonly ekPublic: Uint8Array
  /** DER: that of the endorsement key, and those above it, in any order. */
  readonly ekCertificates: readonly Uint8Array[]
  /** TPM2B_PUBLIC of the attestation key. */
  readonly akPublic: Uint8Array
}

/** Registers of one bank that the quote shall be over. */
export interface AskedRegisters {
  readonly bank: string
  readonly registers: readonly number[]
}

export interface BeginAnswer {
  /** To be sent back; good once, until `expires`. */
  readonly session: string
  /** TPM2B_ID_OBJECT, for TPM2_ActivateCredential. */
  readonly credentialBlob: Uint8Array
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly encryptedSecret: Uint8Array
  /** The qualifying data of every attestation and of the quote. */
  readonly nonce: Uint8Array
  readonly expires: Temporal.Instant
  /** Undefined: nobody asks what the platform measured. */
  readonly quote?: AskedRegisters | undefined
}

/** A key, and what the attestation key says of it by TPM2_Certify. */
export interface CertifiedClaim {
  /** TPM2B_PUBLIC. */
  readonly public: Uint8Array
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array
}

export interface QuotedValue {
  readonly register: number
  readonly value: Uint8Array
}

export interface QuotedClaim {
  readonly attest: Uint8Array
  readonly signature: Uint8Array
  /** What the registers hold, so that a difference can be named. */
  readonly values: readonly QuotedValue[]
}

export interface CertifyRequest {
  readonly session: string
  /** What TPM2_ActivateCredential gave. */
  readonly secret: Uint8Array
  readonly keys: readonly CertifiedClaim[]
  readonly quote?: QuotedClaim | undefined
}

/** How the measurements stand to the reference values of the product. */
export const quoteResults = ['none', 'matched', 'differs', 'unreferenced'] as const

export interface CertifiedResult {
  /** SHA-256 of the SubjectPublicKeyInfo, in hexadecimal. */
  readonly spkiSha256: string
  /** The password of HTTP Basic at EST simpleenroll, with the serial as user; good once, for this key. */
  readonly ticket: string
  readonly ticketExpires: Temporal.Instant
  /** Until when the proof is young enough for a certificate by the profile of the entrance. */
  readonly until: Temporal.Instant
}

export interface CertifyAnswer {
  /** DER of the certificate of the attestation key, and those above it; empty where none was issued. */
  readonly akCertificate: readonly Uint8Array[]
  /** In the order of the keys. */
  readonly results: readonly CertifiedResult[]
  readonly quote: (typeof quoteResults)[number]
}

/** @throws FormatError */
export function parseBeginRequest(bytes: Uint8Array): BeginRequest {
  const names = ['serial', 'label', 'code', 'ekPublic', 'ekCertificates', 'akPublic']
  const members = readObject(bytes, mostMessageBytes, names, 'refused')
  return {
    serial: members.text('serial', most.serialCharacters),
    ...(members.has('label') && { label: members.text('label', most.labelCharacters) }),
    ...(members.has('code') && { code: members.text('code', most.codeCharacters) }),
    ekPublic: members.bytes('ekPublic', most.publicBytes),
    ekCertificates: members.has('ekCertificates')
      ? members.list('ekCertificates', 0, most.certificates, (item) =>
          item.bytes('item', most.certificateBytes),
        )
      : [],
    akPublic: members.bytes('akPublic', most.publicBytes),
  }
}

export function encodeBeginRequest(request: BeginRequest): string {
  return encodeObject({ ...request })
}

/** @throws FormatError */
export function parseBeginAnswer(bytes: Uint8Array): BeginAnswer {
  const names = ['session', 'credentialBlob', 'encryptedSecret', 'nonce', 'expires', 'quote']
  const members = readObject(bytes, mostMessageBytes, names, 'passed-over')
  return {
    session: members.text('session', most.sessionCharacters),
    credentialBlob: members.bytes('credentialBlob', most.blobBytes),
    encryptedSecret: members.bytes('encryptedSecret', most.blobBytes),
    nonce: members.bytes('nonce', most.secretBytes),
    expires: members.instant('expires'),
    ...(members.has('quote') && { quote: readAsked(members) }),
  }
}

function readAsked(members: Members): AskedRegisters {
  const asked = members.object('quote', ['bank', 'registers'])
  return {
    bank: asked.text('bank', 16),
    registers: asked.list('registers', 1, most.registers, (item) =>
      item.number('item', most.register),
    ),
  }
}

export function encodeBeginAnswer(answer: BeginAnswer): string {
  return encodeObject({ ...answer, expires: answer.expires.toString() })
}

/** @throws FormatError */
export function parseCertifyRequest(bytes: Uint8Array): CertifyRequest {
  const names = ['session', 'secret', 'keys', 'quote']
  const members = readObject(bytes, mostMessageBytes, names, 'refused')
  return {
    session: members.text('session', most.sessionCharacters),
    secret: members.bytes('secret', most.secretBytes),
    keys: members.list('keys', 1, most.keys, (item) => {
      const key = item.object('item', ['public', 'attest', 'signature'])
      return {
        public: key.bytes('public', most.publicBytes),
        attest: key.bytes('attest', most.attestBytes),
        signature: key.bytes('signature', most.signatureBytes),
      }
    }),
    ...(members.has('quote') && { quote: readQuote(members) }),
  }
}

function readQuote(members: Members): QuotedClaim {
  const quote = members.object('quote', ['attest', 'signature', 'values'])
  return {
    attest: quote.bytes('attest', most.attestBytes),
    signature: quote.bytes('signature', most.signatureBytes),
    values: quote.list('values', 1, most.registers, (item) => {
      const one = item.object('item', ['register', 'value'])
      return {
        register: one.number('register', most.register),
        value: one.bytes('value', most.digestBytes),
      }
    }),
  }
}

export function encodeCertifyRequest(request: CertifyRequest): string {
  return encodeObject({ ...request })
}

/** @throws FormatError */
export function parseCertifyAnswer(bytes: Uint8Array): CertifyAnswer {
  const names = ['akCertificate', 'results', 'quote']
  const members = readObject(bytes, mostMessageBytes, names, 'passed-over')
  const quote = members.text('quote', 16)
  return {
    akCertificate: members.list('akCertificate', 0, most.certificates, (item) =>
      item.bytes('item', most.certificateBytes),
    ),
    results: members.list('results', 1, most.keys, (item) => {
      const one = item.object('item', ['spkiSha256', 'ticket', 'ticketExpires', 'until'])
      return {
        spkiSha256: one.text('spkiSha256', 64),
        ticket: one.text('ticket', most.codeCharacters),
        ticketExpires: one.instant('ticketExpires'),
        until: one.instant('until'),
      }
    }),
    // A word that a newer server knows says as much as none.
    quote: quoteResults.find((one) => one === quote) ?? 'none',
  }
}

export function encodeCertifyAnswer({ results, ...answer }: CertifyAnswer): string {
  return encodeObject({
    ...answer,
    results: results.map(({ ticketExpires, until, ...one }) => ({
      ...one,
      ticketExpires: ticketExpires.toString(),
      until: until.toString(),
    })),
  })
}
