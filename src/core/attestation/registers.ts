// SPDX-License-Identifier: Apache-2.0
/** What a platform measured, held against what its maker says that it should. */
import type { AskedRegisters, QuotedClaim } from '#format/attestation/messages.ts'
import type { TpmHash } from '#format/tpm/algorithms.ts'
import type { PcrSelection } from '#format/tpm/structure/pcr.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import {
  compareRegisters,
  type QuotedRegisters,
  type RegisterValue,
  verifyQuote,
} from '#trust/tpm/quote.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Attestation, Device, ReferenceValues } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AttestationDoor } from './ports.ts'

/** Firmware, its configuration, boot loader and its configuration, Secure Boot: TCG PC Client Platform Firmware Profile. */
const usualRegisters: AskedRegisters = { bank: 'sha256', registers: [0, 1, 2, 3, 4, 5, 6, 7] }

/** Reference values of one product that are looked at; a maker has some a firmware. */
const mostReferences = 200

/**
 * Which registers the quote shall be over: all that the reference values of the product name, in their bank;
 * undefined where the profile asks for no quote.
 */
export async function askedRegisters(
  { profile, product }: AttestationDoor,
  device: Device,
  ledger: Ledger,
): Promise<AskedRegisters | undefined> {
  if (profile.attestation?.quote === undefined) return undefined
  const [first, ...others] = await referencesFor(product.id, device, ledger)
  if (first === undefined) return usualRegisters
  const ofBank = [first, ...others].filter(({ bank }) => bank === first.bank)
  const registers = new Set(ofBank.flatMap(({ values }) => Object.keys(values).map(Number)))
  return { bank: first.bank, registers: [...registers].sort((left, right) => left - right) }
}

/** Those of the product that are in force, for the device's revision or for every one; newest first. */
export async function referencesFor(
  product: string,
  { hardwareRevision }: Device,
  ledger: Ledger,
): Promise<readonly ReferenceValues[]> {
  const query = { by: 'product', equal: [product, 'active'], descending: true } as const
  const { items } = await ledger.list('referenceValues', { ...query, limit: mostReferences })
  return items.filter(
    (one) => one.hardwareRevision === null || one.hardwareRevision === hardwareRevision,
  )
}

export function wordsOfAsked({ bank, registers }: AskedRegisters): string {
  return `${bank}:${registers.join(',')}`
}

/** Of 24 registers, as every TPM of a PC has them, or of 32. */
function selectionOf(words: string): PcrSelection {
  const [bank = '', list = ''] = words.split(':')
  const registers = list.split(',').map(Number)
  return { bank: bank as TpmHash, registers, mapOctets: Math.max(...registers) < 24 ? 3 : 4 }
}

/** What a quote amounts to. */
export interface Measured {
  readonly kind: 'measured'
  readonly result: Attestation['quote']
  /** The firmware whose values were met, or which registers differ; for people. */
  readonly facts: Readonly<Record<string, string>>
}

/** A quote and what it must be about. */
export interface QuoteQuestion {
  readonly quote: QuotedClaim | undefined
  /** `sha256:0,1,7`; null: none was asked for, and one that comes all the same says nothing. */
  readonly selection: string | null
  readonly attestationKey: TpmPublic
  readonly nonce: Uint8Array
  readonly device: Device
}

/**
 * Verifies a quote and compares it with the reference values of the product: one firmware's must all be met.
 *
 * @returns refused only where the quote itself is not believed; a platform that differs is a result
 */
export async function measure(
  { quote, selection, attestationKey, nonce, device }: QuoteQuestion,
  ledger: Ledger,
): Promise<Measured | Refused> {
  if (selection === null || quote === undefined)
    return { kind: 'measured', result: 'none', facts: {} }
  const asked = selectionOf(selection)
  const verified = await verifyQuote({
    ...{ attest: quote.attest, signature: quote.signature, attestationKey },
    qualifyingData: nonce,
    selections: [asked],
    values: quote.values.map(({ register, value }) => ({ bank: asked.bank, register, value })),
  })
  if (verified.kind === 'refused') return verified
  return compare(verified.quoted, await referencesFor(device.product, device, ledger), selection)
}

function compare(
  quoted: QuotedRegisters,
  references: readonly ReferenceValues[],
  registers: string,
): Measured {
  let differs: string | undefined
  for (const reference of references) {
    const compared = compareRegisters(quoted, valuesOf(reference))
    if (compared.kind === 'met')
      return {
        ...{ kind: 'measured', result: 'matched' },
        facts: { registers, firmware: reference.firmwareVersion },
      }
    differs ??= `firmware ${reference.firmwareVersion}: ${compared.detail}`
  }
  return differs === undefined
    ? { kind: 'measured', result: 'unreferenced', facts: { registers } }
    : { kind: 'measured', result: 'differs', facts: { registers, differs } }
}

function valuesOf({ bank, values }: ReferenceValues): readonly RegisterValue[] {
  return Object.entries(values).map(([register, value]) => ({
    ...{ bank, register: Number(register), value: Uint8Array.fromHex(value) },
  }))
}
