// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import type { TpmHash } from '#format/tpm/algorithms.ts'
import { hashOctets } from '#format/tpm/algorithms.ts'
import { encodePcrSelections, type PcrSelection } from '#format/tpm/structure/pcr.ts'
import { sameSecret } from '../digest.ts'
import { type Refused, refuse } from '../refusal.ts'
import { nameOf, tpmDigest } from './name.ts'
import type { TpmRefusal } from './refusal.ts'
import { believeAttest, type SignedAttest } from './signed-attest.ts'

/** What one register holds, or should hold. */
export interface RegisterValue {
  readonly bank: TpmHash
  readonly register: number
  readonly value: Uint8Array
}

interface QuotedParts {
  readonly values: readonly RegisterValue[]
  readonly attestationKeyName: Uint8Array
  readonly resetCount: number
  readonly restartCount: number
}

/** Only this file can make one: the private field cannot be written in an object literal. */
class TpmQuotedRegisters {
  readonly #madeHere = true
  /** In the order in which they were asked for. */
  readonly values: readonly RegisterValue[]
  readonly attestationKeyName: Uint8Array
  /** Both count up when the machine is started anew: a quote of an earlier start is told by them. */
  readonly resetCount: number
  readonly restartCount: number

  constructor(parts: QuotedParts) {
    this.values = parts.values
    this.attestationKeyName = parts.attestationKeyName
    this.resetCount = parts.resetCount
    this.restartCount = parts.restartCount
    void this.#madeHere
  }
}

/** Registers of a TPM as they were when the nonce was given out. */
export type QuotedRegisters = TpmQuotedRegisters

export interface QuoteClaim extends SignedAttest {
  /** What was asked for; a quote of fewer or other registers is refused. */
  readonly selections: readonly PcrSelection[]
  /** What the device says its registers hold, in any order. */
  readonly values: readonly RegisterValue[]
}

/**
 * Proves by TPM2_Quote what registers of the attestation key's TPM hold.
 *
 * @see TPM 2.0 Library Part 3 section 18.4 (TPM2_Quote), Part 1 section 17.5
 */
export async function verifyQuote(
  claim: QuoteClaim,
): Promise<{ readonly kind: 'quoted'; readonly quoted: QuotedRegisters } | Refused<TpmRefusal>> {
  const believed = await believeAttest(claim)
  if (believed.kind === 'refused') return believed
  const { attested, resetCount, restartCount } = believed.attest
  if (attested.kind !== 'quote')
    return refuse('attestation-wrong-type', `a ${attested.kind} was sent, a quote is asked for`)
  const [asked, quoted] = [wordsOf(claim.selections), wordsOf(attested.selections)]
  if (asked !== quoted)
    return refuse('quote-differs', `the quote is over ${quoted}, asked for was ${asked}`)
  const values = arrange(claim)
  if ('kind' in values) return values
  const digest = tpmDigest(believed.signature.hash, ...values.map(({ value }) => value))
  if (!sameSecret(digest, attested.digest))
    return refuse('quote-differs', 'the registers are not those that the TPM quoted')
  const attestationKeyName = nameOf(claim.attestationKey)
  const parts = { values, attestationKeyName, resetCount, restartCount }
  return { kind: 'quoted', quoted: new TpmQuotedRegisters(parts) }
}

/** The values in the order of the selection: bank by bank, ascending, each exactly once. */
function arrange({
  selections,
  values,
}: QuoteClaim): readonly RegisterValue[] | Refused<TpmRefusal> {
  const arranged: RegisterValue[] = []
  for (const { bank, registers } of selections) {
    for (const register of registers) {
      const found = values.filter((one) => one.bank === bank && one.register === register)
      const [value] = found
      if (value === undefined || found.length > 1 || value.value.length !== hashOctets[bank])
        return refuse(
          'quote-differs',
          `register ${bank}:${register} has ${found.length} values, one of ${hashOctets[bank]} octets is asked for`,
        )
      arranged.push(value)
    }
  }
  if (arranged.length === values.length) return arranged
  return refuse(
    'quote-differs',
    `${values.length} values for ${arranged.length} registers that were asked for`,
  )
}

/** `sha256:0,1,7`, as tpm2-tools write it; empty banks are left out. */
export function wordsOf(selections: readonly PcrSelection[]): string {
  return selections
    .filter(({ registers }) => registers.length > 0)
    .map(({ bank, registers }) => `${bank}:${registers.join(',')}`)
    .join('+')
}

/** Compares quoted registers with reference values: every reference must be met, and is named if it is not. */
export function compareRegisters(
  { values }: QuotedRegisters,
  reference: readonly RegisterValue[],
): { readonly kind: 'met' } | Refused<'quote-differs'> {
  const wrong = reference.filter((wanted) => {
    const found = values.find(
      ({ bank, register }) => bank === wanted.bank && register === wanted.register,
    )
    return found === undefined || !sameSecret(found.value, wanted.value)
  })
  if (wrong.length === 0) return { kind: 'met' }
  const named = wrong.map(({ bank, register }) => `${bank}:${register}`).join(', ')
  return refuse('quote-differs', `registers that differ from their reference: ${named}`)
}

/** TPM_CC_PolicyPCR. */
const policyPcrCode = Uint8Array.of(0, 0, 0x01, 0x7f)

/**
 * The policy that these registers hold these values: what an authPolicy is compared with.
 *
 * @param values in the order of the selections
 * @see TPM 2.0 Library Part 3 section 23.7
 */
export function policyOfRegisters(
  hash: TpmHash,
  selections: readonly PcrSelection[],
  values: readonly Uint8Array[],
): Uint8Array {
  const start = new Uint8Array(hashOctets[hash])
  const registers = tpmDigest(hash, concatBytes(values))
  return tpmDigest(hash, start, policyPcrCode, encodePcrSelections(selections), registers)
}
