// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type InstallingPorts, planInstallation } from './plan-installation.ts'

export interface Returned {
  /** As it was requested. */
  readonly name: string
  /** Its own certificate first, the root last. */
  readonly chain: readonly Certificate[]
  /** A name here for the root, if it is not here yet; undefined: `NAME-root`. */
  readonly rootName: string | undefined
  readonly environment: Authority['environment']
}

type Installed =
  | { readonly kind: 'installed'; readonly authority: Authority; readonly root: Authority }
  | Refused

/** Takes the certificate that came back for a requested authority: from then on it issues here. */
export async function installAuthority(
  { name, chain, rootName, environment }: Returned,
  actor: Actor,
  ports: InstallingPorts,
): Promise<Installed> {
  const request = await ports.ledger.find('authorityRequest', 'openName', [name])
  if (request === undefined) {
    const there = await ports.ledger.find('authority', 'name', [name])
    return there === undefined
      ? refuse('not-found', `no request for an authority "${name}" waits; make one first`)
      : refuse('exists-already', `${name} is installed already`)
  }
  const plan = await planInstallation(
    {
      ...{ request, chain, environment, origin: 'installed' },
      rootName: rootName ?? `${name}-root`,
    },
    actor,
    ports,
  )
  if (plan.kind === 'refused') return plan
  const refused = await settle({ puts: plan.puts, events: plan.events }, ports.ledger)
  return refused ?? { kind: 'installed', authority: plan.authority, root: plan.root }
}
