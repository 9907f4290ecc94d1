// SPDX-License-Identifier: Apache-2.0
/** What the doctor looks at where keys are kept in hardware. */
import type { Authority } from '#core/ledger/tables.ts'
import { sameBytes } from '#format/bytes.ts'
import type { Core } from '../core.ts'
import type { Examined } from '../doctor.ts'
import type { BackendState } from '../key-backends.ts'

type Found = Omit<Examined, 'check'>

const good = (found: string): Found => ({ verdict: 'good', found, remedy: null })
const warning = (found: string, remedy: string): Found => ({ verdict: 'warning', found, remedy })
const bad = (found: string, remedy: string): Found => ({ verdict: 'bad', found, remedy })

/** Each token and TPM that is configured, and whether the keys that the ledger says are in it are. */
export async function examineBackends(core: Core): Promise<readonly Examined[]> {
  const custody = await custodyOfAuthorities(core)
  // One that another node made is seen from now on.
  for (const { key } of custody) await core.keys.has(key)
  const backends = core.keyBackends().filter(({ kind }) => kind !== 'file')
  return backends.flatMap((backend) => [
    { check: backend.name, ...checkState(backend) },
    { check: `keys in ${backend.name}`, ...checkKeys(backend, custody) },
  ])
}

/** Whether authorities sign with hardware, for those whose devices go into the field. */
export async function checkCustody(core: Core): Promise<Found> {
  const custody = await custodyOfAuthorities(core)
  const inFiles = custody.filter(({ custody }) => custody === 'file')
  if (inFiles.length > 0) {
    return bad(
      `in encrypted files, so whoever has file and passphrase has the key: ${namesOf(inFiles)}`,
      'move each to a token or TPM: docs/guides/hsm.md',
    )
  }
  // What was not opened yet says nothing of itself.
  const soft = core
    .keyBackends()
    .filter(
      ({ kind, facts }) =>
        (kind === 'pkcs11' && facts['hardware'] !== 'yes') || facts['hardware'] === 'no',
    )
  if (soft.length > 0) {
    return warning(
      `${soft.map(({ name }) => name).join(', ')} does not say that it is hardware`,
      'a program that keeps keys in files is for trial: move them to a module',
    )
  }
  return good(`all authority keys are in hardware: ${namesOf(custody)}`)
}

/** Which certificate each module has, as it was configured. */
export function checkModuleCertificates(core: Core): Found {
  const backends = core.keyBackends().filter(({ kind }) => kind !== 'file')
  if (backends.length === 0)
    return warning(
      "Node's OpenSSL is not FIPS 140-3 validated, and no hardware module keeps keys",
      'say so where validation is asked for',
    )
  const without = backends.filter(({ facts }) => !facts['certificate']?.startsWith('FIPS 140-3'))
  if (without.length === 0)
    return good(backends.map(({ name, facts }) => `${name}: ${facts['certificate']}`).join('; '))
  return warning(
    without
      .map(({ name, facts }) => `${name}: ${facts['certificate'] ?? 'no certificate is recorded'}`)
      .join('; '),
    'record it with pkcs11-certificate if the module has one, or say so where validation is asked for',
  )
}

function checkState({
  state,
  because,
  facts,
  signatures,
  failures,
  restarts,
}: BackendState): Found {
  const what = Object.entries(facts)
    .map(([word, value]) => `${word} ${value}`)
    .join(', ')
  const counts = `${signatures} signatures, ${failures} failed, opened anew ${restarts} times`
  if (state === 'up') return good(`${what}; ${counts}`)
  if (state === 'stopped')
    return bad(`it waits for a person: ${because}`, 'do what it says; nothing is tried before')
  return bad(`it is away: ${because}`, 'bring it back; it is used again by itself')
}

interface CustodyOf {
  readonly authority: Authority
  readonly key: string
  readonly spki: Uint8Array | undefined
  readonly custody: string
}

function checkKeys({ name, keys, state }: BackendState, custody: readonly CustodyOf[]): Found {
  const wanted = custody.filter((one) => one.custody === name)
  const known = new Map(keys.map((key) => [key.id, key]))
  const flawed = wanted.flatMap(({ authority, key, spki }) => {
    const flaw = flawIn(known.get(key), spki)
    return flaw === undefined ? [] : [`the key of ${authority.name} ${flaw}`]
  })
  if (flawed.length > 0)
    return bad(flawed.join('; '), 'find out who changed the token; such a key signs nothing')
  const missing = wanted.filter(({ key }) => !known.has(key))
  if (missing.length > 0 && state === 'up')
    return bad(
      `it has no key of ${namesOf(missing)}`,
      'bring the right token, or restore its own backup into it',
    )
  if (wanted.length === 0) return good('no authority has its key there')
  return good(
    wanted.map(({ authority, key }) => `${authority.name} ${saidOf(known.get(key))}`).join(', '),
  )
}

function flawIn(key: BackendState['keys'][number] | undefined, spki: Uint8Array | undefined) {
  const isOther = key !== undefined && spki !== undefined && !sameBytes(key.spki, spki)
  return isOther ? 'is not that of its record' : key?.flaw
}

function saidOf(key: BackendState['keys'][number] | undefined): string {
  if (key === undefined) return '(not seen)'
  const stays = key.exportable === false ? 'cannot be taken out' : 'may be taken out'
  return `(${key.id} ${stays}, ${key.signatures} signatures)`
}

async function custodyOfAuthorities({ doors, ledger }: Core): Promise<readonly CustodyOf[]> {
  const custody: CustodyOf[] = []
  for (const authority of doors.own) {
    if (authority.key === null || authority.state === 'retired') continue
    const key = await ledger.read('key', authority.key)
    custody.push({
      ...{ authority, key: authority.key, spki: key?.spki },
      custody: key?.custody ?? 'file',
    })
  }
  return custody
}

function namesOf(custody: readonly CustodyOf[]): string {
  return custody.map(({ authority }) => authority.name).join(', ')
}
