// SPDX-License-Identifier: Apache-2.0

import { endKeysOf } from '#core/approvals/keys/end-key.ts'
import type { Machine, Person } from '#core/ledger/tables.ts'
import { claim, makeClaimLink } from '#core/people/claim.ts'
import { invite, join, type Link } from '#core/people/invitation.ts'
import { addMachine, removeMachine, setMachineProducts } from '#core/people/machine.ts'
import { removePerson } from '#core/people/remove.ts'
import { openSession, signIn, signOut } from '#core/people/session.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Call, Verbs } from '../verbs.ts'
import { claimPath, joinPath } from './link-paths.ts'
import { readCertificate } from './pem.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'
import { showMachine, showPerson } from './show.ts'

type PeopleVerbs = Pick<
  Verbs,
  | 'claim'
  | 'claim-link'
  | 'machine.add'
  | 'machine.list'
  | 'machine.remove'
  | 'machine.set-products'
  | 'person.invite'
  | 'person.join'
  | 'person.list'
  | 'person.remove'
  | 'sign-in'
  | 'sign-out'
  | 'whoami'
>

export function peopleVerbs(ports: LedgerVerbPorts): PeopleVerbs {
  const { ledger } = ports
  return {
    claim: async ({ token, name, passphrase, maker }, call) => {
      const isLocal = call.caller.door === 'local'
      const blocked = isLocal ? undefined : beginAttempt('claim', call, ports)
      if (blocked !== undefined) return blocked
      const claimed = await claim({ token, name, passphrase, maker }, isLocal, ports)
      if (claimed.kind === 'refused') return claimed
      ports.attempts.succeeded(`claim from ${call.caller.source}`, call.caller.source)
      await keepNewSession(claimed.person, call, ports)
      return { person: showPerson(claimed.person), maker: claimed.maker?.name ?? null }
    },

    'claim-link': async (_input, call) => {
      const link = await makeClaimLink(call.caller.actor, ports)
      return link.kind === 'refused' ? link : showLink(link, claimPath)
    },

    'sign-in': async ({ name, passphrase }, call) => {
      const signedIn = await signIn({ name, passphrase, source: call.caller.source }, ports)
      if (signedIn.kind === 'refused') return signedIn
      call.keepSession(signedIn.token)
      return {
        person: showPerson(signedIn.person),
        expiresAt: signedIn.session.expiresAt.toString(),
      }
    },

    'sign-out': async (_input, call) => {
      const { session } = call.caller
      const refused = session && (await signOut(session.session, ports))
      if (refused !== undefined) return refused
      call.keepSession(undefined)
      return { done: true }
    },

    whoami: async (_input, { caller }) => {
      if (caller.role === undefined) return refuse('credential-missing', 'nobody is signed in')
      return {
        kind: caller.actor.kind === 'machine' ? 'machine' : 'person',
        id: caller.actor.id,
        name: caller.name,
        role: caller.role,
        expiresAt: caller.session?.session.expiresAt.toString() ?? null,
      }
    },

    'person.invite': async (asked, { caller }) => {
      const invited = await invite(asked, caller.actor, ports)
      if (invited.kind === 'refused') return invited
      return { person: showPerson(invited.person), link: showLink(invited.link, joinPath) }
    },

    'person.join': async ({ token, passphrase }, call) => {
      const blocked = beginAttempt('join', call, ports)
      if (blocked !== undefined) return blocked
      const joined = await join({ token, passphrase }, ports)
      if (joined.kind === 'refused') return joined
      ports.attempts.succeeded(`join from ${call.caller.source}`, call.caller.source)
      await keepNewSession(joined.person, call, ports)
      return { person: showPerson(joined.person) }
    },

    'person.list': async ({ state, name, ...paging }) => {
      if (name !== undefined) {
        const person = await ledger.find('person', 'name', [name])
        const fits = person !== undefined && (state === undefined || person.state === state)
        return { items: fits ? [showPerson(person)] : [], next: null }
      }
      const walk = state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
      const { items, next } = await ledger.list('person', { ...walk, ...pageOf(paging) })
      return { items: items.map(showPerson), next }
    },

    'person.remove': async ({ person: id }, call) => {
      const person = await ledger.read('person', id)
      if (person === undefined) return notFound(id)
      const differs = checkVersion(person, call)
      if (differs !== undefined) return differs
      const removed = await removePerson(person, call.caller.actor, ports)
      if (removed.kind === 'refused') return removed
      const because = 'the account of its owner was removed'
      const kept = await endKeysOf(id, because, call.caller.actor, ports)
      return kept ?? showPerson(removed.person)
    },

    'machine.add': async ({ name, role, products, certificate }, { caller }) => {
      const missing = await missingProduct(products, ports)
      if (missing !== undefined) return missing
      const read = readCertificate(certificate)
      if (read.kind === 'refused') return read
      const publicKey = importSoundKey(read.certificate.publicKey, ports.keyLists)
      if ('reason' in publicKey) return publicKey
      const asked = { name, role, products, publicKey, environment: ports.environment }
      const added = await addMachine(asked, caller.actor, ports)
      return added.kind === 'refused' ? added : showMachine(added.machine)
    },

    'machine.list': async ({ name, ...paging }) => {
      if (name === undefined) {
        const { items, next } = await ledger.list('machine', pageOf(paging))
        return { items: items.map(showMachine), next }
      }
      const machine = await ledger.find('machine', 'name', [name])
      return { items: machine === undefined ? [] : [showMachine(machine)], next: null }
    },

    'machine.set-products': async ({ machine: id, products }, call) => {
      const machine = await ledger.read('machine', id)
      if (machine === undefined) return notFound(id)
      const no = checkVersion(machine, call) ?? (await missingProduct(products, ports))
      if (no !== undefined) return no
      const set = await setMachineProducts(machine, products, call.caller.actor, ports)
      return set.kind === 'refused' ? set : showMachine(set.machine)
    },

    'machine.remove': async ({ machine: id }, call) => {
      const machine: Machine | undefined = await ledger.read('machine', id)
      if (machine === undefined) return notFound(id)
      const differs = checkVersion(machine, call)
      if (differs !== undefined) return differs
      const removed = await removeMachine(machine, call.caller.actor, ports)
      return removed.kind === 'refused' ? removed : showMachine(removed.machine)
    },
  }
}

async function missingProduct(products: readonly string[], { ledger }: LedgerVerbPorts) {
  for (const product of products)
    if ((await ledger.read('product', product)) === undefined) return notFound(product)
  return undefined
}

/** A link's token cannot be guessed; what is slowed down is the work of hashing passphrases. */
function beginAttempt(what: string, { caller }: Call, { attempts, clock }: LedgerVerbPorts) {
  return attempts.begin(`${what} from ${caller.source}`, caller.source, clock.now())
}

function showLink(link: Link, pathOf: (token: string) => string) {
  return { token: link.token, path: pathOf(link.token), expiresAt: link.expiresAt.toString() }
}

/** Who has just chosen a passphrase at the operator port need not type it again. */
async function keepNewSession(person: Person, call: Call, ports: LedgerVerbPorts): Promise<void> {
  if (call.caller.door !== 'operator') return
  const opened = await openSession(person.id, ports)
  if (opened.kind === 'signed-in') call.keepSession(opened.token)
}
