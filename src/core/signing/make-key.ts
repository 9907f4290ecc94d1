// SPDX-License-Identifier: Apache-2.0
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { bootloaderRule, needsCertificate } from '#trust/artefact/bootloader-rules.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Custody, MadeKey } from '../authority/signing-key.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { ArtefactKey, Authority, Key, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type Certified, certifySigner, planSigner, type SignerPlan } from './certify-signer.ts'
import { leastStrength } from './key-exceptions.ts'
import type { KeyPorts } from './ports.ts'

/** A key that is wanted. */
export interface KeyWish {
  readonly product: Product
  /** As people call it; of a product no two are alike. */
  readonly name: string
  /** In which forms it is to sign; at least one. */
  readonly forms: readonly ArtefactFormName[]
  /** Undefined: the first that verifiers of all these forms know. */
  readonly algorithm: KeyAlgorithmName | undefined
  readonly custody: Custody
  /** Whether devices are to learn it before it signs. */
  readonly isNext: boolean
  /** Until when devices are to take what it signs. */
  readonly supportUntil: Temporal.Instant | undefined
  /** Who certifies it; undefined: the authority of this house that certifies signers. */
  readonly authority: Authority | undefined
  /** Why a rule is relaxed: a key that is weak, or a chain that devices share. */
  readonly because: string | undefined
}

export type Made =
  | { readonly kind: 'made'; readonly key: ArtefactKey; readonly record: Key }
  | Refused

/**
 * Makes a key that signs artefacts of a product, and the certificate that its forms ask for. The private half stays
 * where it was made.
 *
 * @throws Fault as `SigningKeys.make` and `issue` do
 */
export async function makeArtefactKey(wish: KeyWish, actor: Actor, ports: KeyPorts): Promise<Made> {
  const { product, name, custody } = wish
  const algorithm = chooseAlgorithm(wish)
  if (typeof algorithm !== 'string') return algorithm
  const taken = await ports.ledger.find('artefactKey', 'name', [
    product.id,
    ports.environment,
    name,
  ])
  if (taken !== undefined)
    return refuse('exists-already', `${product.name} has a signing key ${name} already`)
  const unable = ports.keys.unable?.(algorithm, custody)
  if (unable !== undefined) return refuse('input-wrong', `keys-in: ${unable}`)
  const plan = wish.forms.some(needsCertificate)
    ? await planSigner({ ...wish, algorithm }, ports)
    : undefined
  if (plan?.kind === 'refused') return plan
  const id = newId('artefactKey', ports)
  const keyId = newId('key', ports)
  const made = await ports.keys.make(algorithm, keyId, 'authority', custody)
  // The gate is asked of our own keys, too: a module or a TPM of somebody's make may have made it.
  const publicKey = importSoundKey(parseSubjectPublicKeyInfo(made.spki), ports.keyLists)
  if ('kind' in publicKey) return publicKey
  const certified =
    plan && (await certifySigner(plan, { owner: id, keyId, made, publicKey, actor, wish }, ports))
  if (certified?.kind === 'refused') return certified
  return book(wish, { id, keyId, made, publicKey, plan, certified }, actor, ports)
}

/** The key that all forms know, the first of their recommendations. */
function chooseAlgorithm({ forms, algorithm, because }: KeyWish): KeyAlgorithmName | Refused {
  // A bare signature is over whatever octets: they may be those that another form has signed in its own way, such as
  // the attributes of a CMS over another firmware.
  if (forms.includes('raw') && forms.some((form) => form !== 'raw'))
    return refuse(
      'input-wrong',
      'forms: a key that signs bare octets signs in no other form, or it could be made to sign in that one what nobody approved; make a key for each',
    )
  const common = bootloaderRule(forms[0]!).keys.filter((name) =>
    forms.every((form) => bootloaderRule(form).keys.includes(name)),
  )
  const chosen = algorithm ?? common.find(isStrong)
  if (chosen === undefined)
    return refuse(
      'key-algorithm-not-admitted',
      `no key is known to the verifiers of all of ${forms.join(', ')}; make a key for each`,
    )
  if (!common.includes(chosen))
    return refuse(
      'key-algorithm-not-admitted',
      `${chosen} is not known to the verifiers of ${forms.join(', ')}; they know ${common.join(', ') || 'none together'}`,
    )
  if (isStrong(chosen) || because !== undefined) return chosen
  return refuse(
    'key-too-weak',
    `${chosen} has ${keyAlgorithms[chosen].strength} bits of strength, ${leastStrength} are asked; say why it has to be, and it is kept as an exception`,
  )
}

function isStrong(name: KeyAlgorithmName): boolean {
  return keyAlgorithms[name].strength >= leastStrength
}

interface MadeParts {
  readonly id: string
  readonly keyId: string
  readonly made: MadeKey
  readonly publicKey: PublicKey
  readonly plan: SignerPlan | undefined
  readonly certified: Certified | undefined
}

/** The record of the key of a bare one, too: that of a certified one was booked with its certificate. */
async function book(wish: KeyWish, parts: MadeParts, actor: Actor, ports: KeyPorts): Promise<Made> {
  const { product, name, forms, isNext } = wish
  const { environment } = ports
  const now = ports.clock.now()
  const key: ArtefactKey = {
    ...{ id: parts.id, version: 1, product: product.id, environment, name, key: parts.keyId },
    certificate: parts.certified?.certificate ?? null,
    chain: parts.certified?.chain.map((der) => der.toBase64()) ?? [],
    ...{ forms, state: isNext ? 'next' : 'current', addedBy: actor.id, addedAt: now },
    ...{ endedAt: null, because: null },
  }
  const record = bareKeyRecord(parts, now, ports)
  const relaxed = relaxedRules(parts)
  const event: AuditEvent = {
    ...{ type: 'artefact-key-made', at: now, actor },
    subjects: [key.id, product.id, key.key],
    facts: {
      ...{ name, environment, forms: forms.join(', '), algorithm: parts.publicKey.algorithm },
      fingerprint: parts.publicKey.fingerprint.toHex(),
      ...{ custody: parts.made.facts.custody, exportable: parts.made.facts.exportable },
      ...{ certificate: key.certificate, state: key.state },
      ...(relaxed.length > 0 && { exceptions: relaxed.join(', ') }),
    },
  }
  const refused = await settle(
    {
      puts: [
        ...(parts.certified === undefined ? [{ kind: 'key', record } as const] : []),
        { kind: 'artefactKey', record: key },
        ...relaxed.map((rule): Put => exceptionPut(rule, key.id, wish, actor, ports)),
      ],
      events: [event],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'made', key, record }
}

function bareKeyRecord(parts: MadeParts, now: Temporal.Instant, { environment }: KeyPorts): Key {
  const { algorithm, bits, fingerprint, spki } = parts.publicKey
  return {
    ...{ id: parts.keyId, version: 1, fingerprint, algorithm, bits, spki, attested: false },
    ...parts.made.facts,
    ...{ purpose: 'signer', environment, owner: parts.id, state: 'active' },
    ...{ activatedAt: now, deactivateAt: null },
  }
}

function relaxedRules({ publicKey, plan }: MadeParts): readonly string[] {
  return [
    ...(isStrong(publicKey.algorithm) ? [] : ['key-too-weak']),
    ...(plan?.isShared === true ? ['signer-chain-shared'] : []),
  ]
}

function exceptionPut(
  rule: string,
  subject: string,
  { because, supportUntil }: KeyWish,
  actor: Actor,
  ports: KeyPorts,
): Put {
  return {
    kind: 'exception',
    record: {
      ...{ id: newId('exception', ports), version: 1, rule, subject, grantedBy: actor.id },
      ...{ reason: because ?? '', until: supportUntil ?? null, createdAt: ports.clock.now() },
    },
  }
}
