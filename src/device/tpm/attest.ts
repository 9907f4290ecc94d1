// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import type { AskedRegisters, BeginAnswer, QuotedClaim } from '#format/attestation/messages.ts'
import { hashOctets, type TpmHash } from '#format/tpm/algorithms.ts'
import { type Authorization, noPassword } from '#format/tpm/command/command.ts'
import { pcrRead } from '#format/tpm/command/inventory.ts'
import { policySecret, startPolicySession } from '#format/tpm/command/sessions.ts'
import { activateCredential, certify, quote } from '#format/tpm/command/signing.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { EndorsementTemplateName } from '#trust/tpm/templates.ts'
import type { Later } from '../connection/answer.ts'
import { beginAttestation, certifyKeys } from '../connection/attestation.ts'
import type { Line } from '../connection/line.ts'
import type { Refused } from '../refusal.ts'
import type { Files } from '../state/files.ts'
import { writeAttestationCertificate } from '../state/state.ts'
import type { TpmAddress } from './address.ts'
import { type AttestationKey, findAttestationKey } from './attestation-key.ts'
import { type TpmVisit, visitTpm } from './conversation.ts'
import { type Endorsement, findEndorsement } from './endorsement.ts'
import { findKey, readKeyFile } from './tpm-keys.ts'

/** What the server shall prove. */
export interface AttestationWish {
  readonly serial: string
  /** The entrance at which the key will be certified. */
  readonly label: string | undefined
  /** An enrolment code, where no TPM is registered for the device yet. */
  readonly code: string | undefined
  readonly keyPem: string
}

/** The TPM of a device, and which of its endorsement keys to show. */
export interface DeviceTpm {
  readonly address: TpmAddress
  readonly endorsement: EndorsementTemplateName | undefined
}

export interface Ticket {
  readonly kind: 'ticket'
  /** The password with which EST certifies this key, once. Secret. */
  readonly ticket: string
}

/**
 * Has the server prove that a key is in this device's TPM.
 *
 * 1. shows the endorsement key and the attestation key; 2. opens the credential that is made for both;
 * 3. has the attestation key certify the device key over the server's nonce; 4. shows both.
 *
 * @see TCG TPM 2.0 Keys for Device Identity and Attestation section 6.1
 */
export async function attestKey(
  { address, endorsement: wanted }: DeviceTpm,
  files: Files,
  line: Line,
  { serial, label, code, keyPem }: AttestationWish,
): Promise<Ticket | Refused | Later> {
  const file = readKeyFile(keyPem)
  return visitTpm(address, async (visit) => {
    const endorsement = await findEndorsement(visit, wanted)
    const attestation = await findAttestationKey(visit, files)
    const begun = await beginAttestation(line, {
      serial,
      label,
      code,
      ekPublic: encodeSizedPublic(endorsement.public),
      ekCertificates: endorsement.certificates,
      akPublic: encodeSizedPublic(attestation.public),
    })
    if (begun.kind !== 'answered') return begun
    const secret = await activate(visit, endorsement, attestation, begun.answer)
    const { session, nonce, quote: asked } = begun.answer
    const key = await findKey(visit, files, file)
    const certified = await visit.ask(certify(key, attestation.handle, nonce))
    const quoted = asked === undefined ? undefined : await quoteOf(visit, attestation, nonce, asked)
    if (quoted?.kind === 'refused') return quoted
    const answered = await certifyKeys(line, {
      session,
      secret,
      keys: [{ public: file.sizedPublic, ...certified }],
      quote: quoted?.claim,
    })
    if (answered.kind !== 'answered') return answered
    writeAttestationCertificate(files, answered.answer.akCertificate)
    const digest = sha256(encodeSpki(file.public).der).toHex()
    const found = answered.answer.results.find(({ spkiSha256 }) => spkiSha256 === digest)
    return found === undefined
      ? refuse('answer-not-ours', 'the server answered for another key than the one attested')
      : { kind: 'ticket', ticket: found.ticket }
  })
}

/** Part 3 section 12.5: the attestation key by its empty password, the endorsement key by its policy. */
async function activate(
  visit: TpmVisit,
  endorsement: Endorsement,
  attestation: AttestationKey,
  { credentialBlob, encryptedSecret }: BeginAnswer,
): Promise<Uint8Array> {
  const right = await endorsementRight(visit, endorsement)
  const secret = await visit.ask(
    activateCredential(attestation.handle, endorsement.handle, credentialBlob, encryptedSecret, [
      noPassword,
      right,
    ]),
  )
  if (right.kind === 'policy') await visit.drop(right.session)
  await visit.drop(endorsement.handle)
  return secret
}

/** Templates of the high range let the empty password in; the low ones ask for PolicySecret(endorsement). */
async function endorsementRight(
  visit: TpmVisit,
  { public: key }: Endorsement,
): Promise<Authorization> {
  if (key.attributes.includes('userWithAuth')) return noPassword
  const hash = key.nameAlgorithm
  const nonce = new Uint8Array(randomBytes(hashOctets[hash]))
  const session = await visit.ask(startPolicySession(hash, nonce))
  visit.dropAtEnd(session)
  await visit.ask(policySecret('endorsement', session))
  return { kind: 'policy', session }
}

const mapOctets = 4
const banks = Object.keys(hashOctets) as TpmHash[]

async function quoteOf(
  visit: TpmVisit,
  { handle }: AttestationKey,
  nonce: Uint8Array,
  asked: AskedRegisters,
): Promise<{ readonly kind: 'quoted'; readonly claim: QuotedClaim } | Refused> {
  const bank = banks.find((name) => name === asked.bank)
  if (bank === undefined)
    return refuse('answer-malformed', `the server asks for registers of ${asked.bank}`)
  const registers = asked.registers.toSorted((left, right) => left - right)
  const octets = registers.some((register) => register >= 24) ? mapOctets : 3
  const selection = { bank, registers, mapOctets: octets } as const
  const values = await readRegisters(visit, bank, registers, octets)
  const made = await visit.ask(quote(handle, nonce, [selection]))
  return { kind: 'quoted', claim: { ...made, values } }
}

/** A TPM gives eight at most at once. */
async function readRegisters(
  visit: TpmVisit,
  bank: TpmHash,
  registers: readonly number[],
  octets: number,
) {
  const values: { register: number; value: Uint8Array }[] = []
  for (let at = 0; at < registers.length; at += 8) {
    const some = registers.slice(at, at + 8)
    const { digests } = await visit.ask(pcrRead([{ bank, registers: some, mapOctets: octets }]))
    for (const [index, register] of some.entries())
      values.push({ register, value: digests[index] ?? new Uint8Array(hashOctets[bank]) })
  }
  return values
}
