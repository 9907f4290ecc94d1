// SPDX-License-Identifier: Apache-2.0
/** What devices would refuse, and what would not start, if a signing key or its certificate ended: form by form. */

import { formatName } from '#format/x509/name.ts'
import { bootloaderRule, expiryOf, mustOutliveSupport } from '#trust/artefact/bootloader-rules.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Release, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { signingStates } from '../releases/keys-of-line.ts'
import { newestPlan, type PlanLine, parseSigningPlan } from '../releases/plan-lines.ts'
import { chainOf, endOf, isFormName } from '../signing/artefact-key.ts'
import { keysOfProduct } from './anchors-of-key.ts'
import { type Dependents, dependentsOn } from './dependents.ts'

/**
 * Ways in which a key ends. `retired`: it signs nothing more. `certificate-ended`: its certificate, or one above it,
 * is over. `revoked`: a list names its certificate. `removed`: devices are built or set up anew without it.
 */
export const endings = ['retired', 'certificate-ended', 'revoked', 'removed'] as const
export type Ending = (typeof endings)[number]

/** What one way to end does to what is signed in one form. */
export interface Effect {
  readonly form: ArtefactFormName
  readonly verifier: string
  readonly ending: Ending
  /** Whether devices go on to install what was published. */
  readonly install: 'taken' | 'refused'
  /** Whether what is installed starts; `not-checked`: nobody looks at it at a start. */
  readonly start: 'starts' | 'does-not-start' | 'not-checked'
  /** Published releases that would be refused, or would not start. */
  readonly releases: readonly string[]
  /** Devices, at most, of which something would be refused, or which would not start. */
  readonly devices: number
  readonly because: string
}

export interface KeyWhatIf {
  readonly key: ArtefactKey
  readonly at: Temporal.Instant
  /** The certificates of its chain, leaf first, with their ends. */
  readonly chain: readonly { readonly subject: string; readonly notAfter: Temporal.Instant }[]
  readonly endsAt: Temporal.Instant | undefined
  readonly found: Dependents
  readonly effects: readonly Effect[]
  /** Releases whose support lasts beyond the end of the certificate. */
  readonly outlived: readonly Release[]
  /** Keys of the product that would go on to sign each form. */
  readonly followers: readonly ArtefactKey[]
}

type Ports = { readonly ledger: Ledger; readonly clock: Clock }

/**
 * Looks who depends on a key, and by the rules of each form's verifier what its end would do.
 *
 * @param at the moment that is looked at; undefined: that at which its certificate ends, now of a bare key
 */
export async function whatIfKey(
  key: ArtefactKey,
  at: Temporal.Instant | undefined,
  { ledger, clock }: Ports,
): Promise<KeyWhatIf> {
  const endsAt = endOf(key)
  const moment = at ?? endsAt ?? clock.now()
  const found = await dependentsOn(key, ledger)
  const lines = await linesOf(key, ledger)
  const all = await keysOfProduct(key, ledger)
  const followers = all.filter(({ id, state }) => id !== key.id && signingStates.includes(state))
  const effects = key.forms.filter(isFormName).flatMap((form) => {
    const look = { key, form, line: lines.find((one) => one.form === form), found, followers }
    return endings.flatMap((ending) => effectOf(ending, look, moment) ?? [])
  })
  return {
    ...{ key, at: moment, endsAt, found, effects, followers },
    chain: chainOf(key).map(({ subject, notAfter }) => ({
      subject: formatName(subject),
      notAfter,
    })),
    outlived: found.published.flatMap(({ release }) =>
      endsAt !== undefined && outlives(release, endsAt) ? [release] : [],
    ),
  }
}

/** Whether anything would be refused, or would not start, by what time or people bring; removal aside. */
export function strandsSomething({ effects }: KeyWhatIf): boolean {
  return effects.some(
    ({ ending, install, start, devices, releases }) =>
      ending !== 'removed' &&
      (install === 'refused' || start === 'does-not-start') &&
      devices + releases.length > 0,
  )
}

async function linesOf({ product }: ArtefactKey, ledger: Ledger): Promise<readonly PlanLine[]> {
  const parsed = parseSigningPlan((await newestPlan(product, ledger))?.lines ?? [])
  return parsed.kind === 'lines' ? parsed.lines : []
}

interface Look {
  readonly key: ArtefactKey
  readonly form: ArtefactFormName
  readonly line: PlanLine | undefined
  readonly found: Dependents
  readonly followers: readonly ArtefactKey[]
}

function effectOf(ending: Ending, look: Look, at: Temporal.Instant): Effect | undefined {
  const { form } = look
  const rule = bootloaderRule(form)
  const isStarted = rule.checksAt === 'start'
  const fine: Fine = {
    ...{ form, verifier: rule.verifier, ending, releases: [], devices: 0 },
    install: 'taken',
    start: isStarted ? 'starts' : 'not-checked',
  }
  const { found } = look
  switch (ending) {
    case 'retired': {
      const devices = found.dependent + found.unknown
      const what = 'what was published is taken as before, and starts'
      return devices === 0
        ? { ...fine, because: what }
        : {
            ...{ ...fine, install: 'refused', devices },
            because: `${what}; whatever is signed from then on is refused by devices that hold no other key`,
          }
    }
    case 'certificate-ended':
      return rule.holds === 'root' ? expired(look, fine, at) : undefined
    case 'revoked':
      return revoked(look, fine)
    case 'removed': {
      const alone = signedAlone(look)
      return {
        ...fine,
        install: alone.length === 0 ? 'taken' : 'refused',
        start: isStarted && alone.length > 0 ? 'does-not-start' : fine.start,
        ...{ releases: versionsOf(alone), devices: alone.length === 0 ? 0 : mostConcerned(found) },
        because: `${alone.length === 0 ? 'nothing that is published was signed by it alone; ' : ''}${
          isStarted
            ? 'a device whose bootloader no longer holds it starts nothing that it alone signed'
            : 'a device that no longer holds it takes nothing in that it alone signed; what is installed runs on'
        }`,
      }
    }
  }
}

type Fine = Omit<Effect, 'because'>

/** By what the verifier holds the end against; a time-stamp helps those that look at it. */
function expired(
  { form, line, key, found }: Look,
  fine: Fine,
  at: Temporal.Instant,
): Effect | undefined {
  const endsAt = endOf(key)
  if (endsAt === undefined) return undefined
  if (Temporal.Instant.compare(at, endsAt) < 0)
    return { ...fine, because: `the certificate lasts until ${endsAt}` }
  const does = expiryOf(form, line?.devices)
  const setting = line?.devices === undefined ? 'as delivered' : `set to ${line.devices}`
  const words = {
    none: 'does not look at the end of certificates',
    clock: 'holds the end against its clock',
    'signing-time': 'holds the end against the time of signing, whatever its clock says',
    'time-stamp': 'holds the end against the time-stamp, against its clock where there is none',
  } as const
  const signed = signedBy({ form, key, found })
  const because = `${signed.length === 0 ? nothingYet : ''}${fine.verifier}, ${setting}, ${does === undefined ? 'is not known' : words[does]}`
  const refused = signed.filter(({ signed }) =>
    signed.some(
      (one) =>
        isBy(one, form, key) &&
        does !== undefined &&
        mustOutliveSupport(does, one.timeStamp !== null),
    ),
  )
  return refused.length === 0
    ? { ...fine, because }
    : {
        ...{ ...fine, install: 'refused', because },
        ...{ releases: versionsOf(refused), devices: mostConcerned(found) },
      }
}

/** Few look at lists: those that do refuse all that it ever signed, and the others believe a thief as well. */
function revoked({ form, key, found }: Look, fine: Fine): Effect {
  const { revocation, verifier } = bootloaderRule(form)
  const [usual, ...settings] = revocation
  const looks = usual?.does === 'crl'
  const also = settings.find(({ does }) => does === 'crl')?.setting
  const signed = signedBy({ form, key, found })
  if (!looks)
    return {
      ...fine,
      because: `${verifier} looks at no list of revoked certificates, so a thief of the key is believed as well until devices no longer hold it${also === undefined ? '' : `; set to ${also} it refuses all that the key signed`}`,
    }
  return {
    ...{ ...fine, install: signed.length > 0 ? 'refused' : 'taken', releases: versionsOf(signed) },
    devices: signed.length > 0 ? mostConcerned(found) : 0,
    because: `${signed.length === 0 ? nothingYet : ''}${verifier} refuses all that the key signed once the list has reached the device`,
  }
}

/** Before a reason that speaks of more than there is. */
const nothingYet = 'nothing that is published was signed by it; '

type Signing = Pick<Look, 'form' | 'key' | 'found'>

function signedBy({ form, key, found }: Signing) {
  return found.published.filter(({ signed }) => signed.some((one) => isBy(one, form, key)))
}

/** Releases of which it signed something in a form that nobody else signed. */
function signedAlone({ form, key, found }: Look) {
  return found.published.filter(({ signed }) => {
    const own = signed.filter((one) => isBy(one, form, key))
    const others = signed.some((one) => one.form === form && one.keys.some((id) => id !== key.id))
    return own.length > 0 && !others
  })
}

function isBy(
  { form: as, keys }: SignedArtefactRecord,
  form: ArtefactFormName,
  { id }: ArtefactKey,
) {
  return as === form && keys.includes(id)
}

/** Who holds it, and who may: these never said. */
function mostConcerned({ holding, unknown }: Dependents): number {
  return holding + unknown
}

function versionsOf(published: Dependents['published']): readonly string[] {
  return published.map(({ release }) => release.firmwareVersion)
}

function outlives({ supportUntil }: Release, endsAt: Temporal.Instant): boolean {
  return supportUntil !== null && Temporal.Instant.compare(supportUntil, endsAt) > 0
}
