// SPDX-License-Identifier: Apache-2.0
import {
  type CeremonyRole,
  type CeremonyScript,
  isNamedBy,
  type Participant,
  peopleOf,
  type ScriptStep,
} from '#core/ceremony/script.ts'
import type { VaultRoot, VaultState } from '#core/ceremony/vault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { ClosedVault } from '#edge/ceremony/vault-files.ts'
import type { Cost } from '#edge/keystore/derivation.ts'
import type { Keystore } from '#edge/keystore/keystore.ts'
import type { BundlePart } from '#format/ceremony/bundle.ts'
import type { ManifestCertificate, ManifestList } from '#format/ceremony/manifest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Minutes } from './minutes.ts'
import { type CeremonyTable, stopWord } from './table.ts'

/** What a ceremony is held with. */
export interface CeremonyMeans {
  readonly table: CeremonyTable
  readonly clock: Clock
  readonly random: Randomness
  /** What a guess at a passphrase costs. */
  readonly cost: Cost
  /** The network interfaces that are up, besides loopback. */
  readonly interfaces: () => readonly string[]
  /** The version of the program, and a digest over all of its files. */
  readonly program: { readonly version: string; readonly digest: string }
}

/** A ceremony under way: what was decided, and what came of it so far. */
export interface Sitting extends CeremonyMeans {
  readonly script: CeremonyScript
  readonly scriptSha256: string
  /** Where the files lie that the script names. */
  readonly beside: string
  readonly rehearsal: boolean
  /** The directory of the vault. */
  readonly place: string
  readonly out: string
  readonly minutes: Minutes
  vault: VaultState
  /** What was read of a vault that is opened again; undefined for a new one. */
  readonly closed: ClosedVault | undefined
  /** Open from `custody` or `unlock` on. */
  keystore: Keystore | undefined
  /** Of the sets that open the vault; wiped at the end. */
  readonly secrets: Map<number, Uint8Array>
  readonly parts: BundlePart[]
  readonly certificates: ManifestCertificate[]
  readonly lists: ManifestList[]
}

/** Somebody who may be asked first where no role is meant. */
export function chair({ script }: Sitting): Participant {
  const [first] = peopleOf(script, ['administrator'])
  if (first === undefined) throw new TypeError('a script has an administrator')
  return first
}

export function keystoreOf({ keystore }: Sitting): Keystore {
  if (keystore === undefined) throw new TypeError('the vault is not open')
  return keystore
}

export function rootNamed({ vault }: Sitting, name: string): VaultRoot | Refused {
  return (
    vault.roots.find((root) => root.name === name) ??
    refuse('not-found', `no root "${name}" is in this vault`)
  )
}

export function putRoot(sitting: Sitting, root: VaultRoot): void {
  const others = sitting.vault.roots.filter(({ name }) => name !== root.name)
  const at = sitting.vault.roots.findIndex(({ name }) => name === root.name)
  const roots = at === -1 ? [...others, root] : sitting.vault.roots.with(at, root)
  sitting.vault = { ...sitting.vault, roots }
}

/** How often somebody may type something else than their name. */
const mostTries = 5

/** Everybody whom the script names says yes to a step, each by name. */
export async function confirmStep(
  sitting: Sitting,
  { step, confirmedBy }: ScriptStep,
): Promise<Refused | undefined> {
  for (const person of peopleOf(sitting.script, confirmedBy)) {
    const refused = await confirmBy(sitting, person, step)
    if (refused !== undefined) return refused
  }
  return undefined
}

async function confirmBy(
  { table, script, minutes }: Sitting,
  person: Participant,
  step: string,
): Promise<Refused | undefined> {
  for (let tries = 0; tries < mostTries; tries++) {
    const typed = await table.ask(person, `${step}: type your name or initials, or "${stopWord}"`)
    if (typed.trim().toLowerCase() === stopWord) {
      return refuse('ceremony-stopped', `${person.name} stopped it at step ${step}`)
    }
    if (isNamedBy(typed, person, script.people)) {
      await minutes.note(step, 'confirmed', { typed: typed.trim() }, [person])
      return undefined
    }
    await table.say([`that is not ${person.name}`])
  }
  return refuse('ceremony-stopped', `step ${step} was not confirmed by ${person.name}`)
}

/** A question of which only one answer goes on; anything else stops. */
export async function demand(
  sitting: Sitting,
  role: CeremonyRole,
  question: { readonly step: string; readonly what: string; readonly answer: string },
): Promise<Refused | undefined> {
  const { step, what, answer } = question
  for (const person of peopleOf(sitting.script, [role])) {
    const typed = await sitting.table.ask(person, `${what}: type "${answer}" to go on`)
    if (typed.trim().toLowerCase() !== answer)
      return refuse('ceremony-stopped', `${person.name} did not say "${answer}": ${what}`)
    await sitting.minutes.note(step, 'noted', { said: answer, about: what }, [person])
  }
  return undefined
}

/** In groups that can be read aloud. */
export function aloud(hex: string): readonly string[] {
  const groups = hex.match(/.{1,4}/g) ?? []
  return [groups.slice(0, 8).join(' '), groups.slice(8).join(' ')].filter((line) => line !== '')
}
