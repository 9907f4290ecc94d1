// SPDX-License-Identifier: Apache-2.0
import { addApplication } from '#core/applications/add.ts'
import { newApplicationCode } from '#core/applications/code.ts'
import { removeApplication } from '#core/applications/remove.ts'
import type { Application } from '#core/ledger/tables.ts'
import type { History } from '#edge/admin/ledger-verbs/ports.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import { showApplication, showCertificate } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { Core } from '../core.ts'
import { ownMaker } from '../foundation.ts'

type ApplicationVerbs = Pick<
  Verbs,
  | 'application.add'
  | 'application.code'
  | 'application.list'
  | 'application.remove'
  | 'application.show'
>

/** Certificates and events shown with an application. */
const mostShown = 100

/** The programs that devices meet, and their identities. */
export function applicationVerbs(core: Core, history: History): ApplicationVerbs {
  const { ledger } = core
  return {
    'application.add': async ({ validForHours, ...asked }, { caller }) => {
      for (const product of asked.products)
        if ((await ledger.read('product', product)) === undefined) return notFound(product)
      const wanted = { ...asked, codeHours: validForHours }
      const added = await addApplication(wanted, ownMaker(core.installation), caller.actor, core)
      if (added.kind === 'refused') return added
      return { ...showApplication(added.application), ...codeOf(added.application, added.code) }
    },

    'application.list': async ({ state, name, limit, after }) => {
      if (name !== undefined) {
        const found = await ledger.find('application', 'name', [name])
        const fits = found !== undefined && (state === undefined || found.state === state)
        return { items: fits ? [showApplication(found)] : [], next: null }
      }
      const walk = state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
      const page = { ...walk, limit, ...(after !== undefined && { after }) }
      const { items, next } = await ledger.list('application', page)
      return { items: items.map(showApplication), next }
    },

    'application.show': async ({ application: id }) => {
      const application = await ledger.read('application', id)
      if (application === undefined) return notFound(id)
      const newest = { by: 'owner', equal: [id], descending: true, limit: mostShown } as const
      const [certificates, events] = await Promise.all([
        ledger.list('certificate', newest),
        history.about(id, mostShown),
      ])
      return {
        ...showApplication(application),
        certificates: certificates.items.map(showCertificate),
        events: [...events],
      }
    },

    'application.code': async ({ application: id, validForHours }, { caller }) => {
      const application = await ledger.read('application', id)
      if (application === undefined) return notFound(id)
      const made = await newApplicationCode(application, validForHours, caller.actor, core)
      if (made.kind === 'refused') return made
      return { id, name: application.name, ...codeOf(made.application, made.text) }
    },

    'application.remove': async ({ application: id, reason }, call) => {
      const application = await ledger.read('application', id)
      if (application === undefined) return notFound(id)
      const differs = checkVersion(application, call)
      if (differs !== undefined) return differs
      const removed = await removeApplication(application, reason, call.caller.actor, core)
      return removed.kind === 'refused' ? removed : showApplication(removed.application)
    },
  }
}

function codeOf({ codeExpiresAt }: Application, code: string) {
  return { code, codeExpiresAt: codeExpiresAt?.toString() ?? '' }
}
