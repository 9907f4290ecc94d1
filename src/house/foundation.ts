// SPDX-License-Identifier: Apache-2.0
import { askForAuthorities, firstTwinName } from '#core/authority/ask-for-authorities.ts'
import { type Founding, foundAuthorities } from '#core/authority/founding.ts'
import type { IssuingPorts } from '#core/authority/issue.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Authority, Setting } from '#core/ledger/tables.ts'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import type { Profile } from '#core/policy/profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { readySets } from '#core/policy/ready/ready-sets.ts'
import type { Configuration } from './configuration.ts'
import { newLogKey } from './log-key.ts'

/** What was decided at the first start, for ever. */
export interface Installation {
  readonly environment: Authority['environment']
  readonly publicUrl: string | null
  /** The id of the key that signs the log's checkpoints, and its Ed25519 public key in hexadecimal. */
  readonly logKey: string
  readonly logPublicKey: string
  /** The first line of each checkpoint (C2SP tlog-checkpoint). */
  readonly logOrigin: string
  /** Where its first root is made; absent: here. */
  readonly root?: 'here' | 'elsewhere'
  /** Whom the subjects of its authorities name; absent: the product. */
  readonly maker?: string
}

const settingName = 'installation'

/** The founding facts, if this directory was founded; undefined before the first start. */
export async function readInstallation(
  ledger: IssuingPorts['ledger'],
): Promise<Installation | undefined> {
  const setting = await ledger.find('setting', 'name', [settingName])
  return setting?.value as Installation | undefined
}

/**
 * Makes what a new installation stands on: profiles, root, issuing authority, log key. With a root elsewhere
 * it makes the issuing authority's key, and a request for who has the root.
 *
 * Safe to repeat after a crash at any step: what is there is taken as it is, and the installation
 * counts as founded only with its last commit.
 *
 * @throws Fault `configuration-wrong` if this directory was founded as something else
 */
export async function found(
  configuration: Configuration,
  ports: IssuingPorts,
): Promise<Installation> {
  const known = await readInstallation(ports.ledger)
  // What a newer program brings with it is stored at its first start; what is there stays as it is.
  await storeReadyProfiles(ports)
  if (known !== undefined) return checked(known, configuration, ports)
  const isElsewhere = configuration.root === 'elsewhere'
  if (isElsewhere) await askForAuthorities(foundingFor(configuration), ports)
  else await foundAuthorities(foundingFor(configuration), ports)
  const logKey = await newLogKey(ports)
  const installation: Installation = {
    environment: configuration.environment,
    publicUrl: configuration.publicUrl ?? null,
    logKey: logKey.id,
    logPublicKey: logKey.publicKey.toHex(),
    logOrigin: `vitalsign/${logKey.publicKey.slice(0, 8).toHex()}`,
    ...(isElsewhere && ({ root: 'elsewhere' } as const)),
    ...(configuration.maker !== undefined && { maker: configuration.maker }),
  }
  const setting: Setting = {
    id: newId('setting', ports),
    version: 1,
    name: settingName,
    value: installation,
    changedAt: ports.clock.now(),
  }
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'setting', record: setting }],
    events: [
      {
        type: 'installation-founded',
        at: ports.clock.now(),
        actor: { kind: 'house', id: 'founding' },
        subjects: [setting.id],
        facts: { environment: installation.environment, logOrigin: installation.logOrigin },
      },
    ],
  })
  // Another node was taken for dead, and was only slow: what it made counts.
  if (committed.kind === 'conflict') return found(configuration, ports)
  return installation
}

async function checked(
  known: Installation,
  configuration: Configuration,
  { ledger }: IssuingPorts,
): Promise<Installation> {
  // A trial is what nobody asked for: it cannot be told from silence.
  if (configuration.environment !== 'trial' && configuration.environment !== known.environment) {
    throw new Fault(
      'configuration-wrong',
      `environment: is ${configuration.environment}, this installation is a ${known.environment} one for ever; found another in another directory`,
    )
  }
  if (configuration.publicUrl !== undefined && configuration.publicUrl !== known.publicUrl) {
    throw new Fault(
      'configuration-wrong',
      `public-url: is ${configuration.publicUrl}, this installation was founded with ${known.publicUrl ?? 'none'}; certificates carry it, so it cannot change`,
    )
  }
  if (configuration.maker !== undefined && configuration.maker !== known.maker) {
    throw new Fault(
      'configuration-wrong',
      `maker: is ${configuration.maker}, this installation was founded with ${known.maker ?? 'none'}; certificates carry it, so it cannot change`,
    )
  }
  if (configuration.root === 'elsewhere' && known.root !== 'elsewhere') {
    throw new Fault(
      'configuration-wrong',
      'root: this installation was founded with its root here, and is marked so for ever; found another for a root of a ceremony',
    )
  }
  const hasTwin =
    known.root === 'elsewhere'
      ? await wantsTwin(ledger)
      : (await ledger.find('authority', 'name', ['root-twin'])) !== undefined
  if (configuration.twin && !hasTwin) {
    throw new Fault(
      'configuration-wrong',
      'twin: this installation was founded without; leave it out, and see "vitalsign authority twin --help"',
    )
  }
  return known
}

/** Of a root elsewhere: whether the twin of the first issuing authority is here, or was asked for. */
async function wantsTwin(ledger: IssuingPorts['ledger']): Promise<boolean> {
  const there = await ledger.find('authority', 'name', [firstTwinName])
  const asked = await ledger.find('authorityRequest', 'openName', [firstTwinName])
  return there !== undefined || asked !== undefined
}

/** Whom the house's own certificates name; what is not for production says so. */
export function ownMaker({
  environment,
  maker = 'Vitalsign',
}: Pick<Installation, 'environment' | 'maker'>): string {
  return environment === 'production' ? maker : `${maker} ${environment.toUpperCase()}`
}

/** What a founding takes from the first start; a later authority only its own algorithm. */
export function foundingFor(
  chosen: Pick<Configuration, 'environment' | 'rootAlgorithm' | 'algorithm' | 'twin'> &
    Partial<Pick<Configuration, 'keysIn' | 'maker'>>,
): Founding {
  const { environment, rootAlgorithm, algorithm, twin, keysIn, maker } = chosen
  return {
    environment,
    actor: { kind: 'house', id: 'founding' },
    rootAlgorithm,
    issuingAlgorithm: algorithm,
    twin,
    ...(keysIn && { keysIn }),
    maker: ownMaker({ environment, ...(maker !== undefined && { maker }) }),
    rootProfile: readyProfile(environment === 'trial' ? 'trial-root' : 'root'),
    issuingProfile: readyProfile('issuing'),
  }
}

/** One of the profiles that come with the program. @throws TypeError if there is none of that name */
export function readyProfile(name: string): Profile {
  const document = Object.hasOwn(readyProfiles, name)
    ? readyProfiles[name as keyof typeof readyProfiles]
    : undefined
  const parsed = parseProfile(document)
  if (parsed.kind === 'faults') throw new TypeError(`ready profile ${name} is not sound`)
  return parsed.profile
}

async function storeReadyProfiles(ports: IssuingPorts): Promise<void> {
  const puts: Put[] = []
  for (const document of [...Object.values(readyProfiles), ...Object.values(readySets).flat()]) {
    const { name } = document
    if ((await ports.ledger.find('profile', 'number', [name, 1])) !== undefined) continue
    puts.push({
      kind: 'profile',
      record: {
        id: newId('profile', ports),
        version: 1,
        name,
        number: 1,
        document,
        author: 'house',
        createdAt: ports.clock.now(),
      },
    })
  }
  if (puts.length === 0) return
  await ports.ledger.commit({
    puts,
    events: puts.map((put) => ({
      type: 'profile-applied' as const,
      at: ports.clock.now(),
      actor: { kind: 'house' as const, id: 'founding' },
      subjects: [put.record.id],
      facts: put.kind === 'profile' ? { name: put.record.name, number: 1 } : {},
    })),
  })
}
