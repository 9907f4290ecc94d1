// SPDX-License-Identifier: Apache-2.0
/** Alarms that stand; loaded only when one does. */
import { get, post, remedyOf } from './api.js'
import { button, make, moment, say } from './elements.js'
import { hasPage, pageLink } from './pages.js'
import { sentence } from './words.js'

/** A quiet section for the first page: what is wrong, since when, and what to do. */
export async function alarmSection({ who, again }) {
  const { items, next } = await get('/alarms', { limit: 20 })
  const many = `${items.length}${next ? ' and more' : ''}`
  return make(
    'section',
    { 'aria-labelledby': 'alarms' },
    make('h2', { id: 'alarms' }, `Needs you: ${many}`),
    await alarmList(items, who, again),
  )
}

/** Each alarm with what to do about it, and where more of it stands. */
export async function alarmList(items, who, again) {
  const kinds = [...new Set(items.map(({ kind }) => kind))]
  const remedies = new Map(
    await Promise.all(kinds.map(async (kind) => [kind, await remedyOf({ code: kind })])),
  )
  return make(
    'ul',
    items.map((alarm) => {
      const remedy = remedies.get(alarm.kind)
      return make(
        'li',
        `${sentence(alarm.text)} (${alarm.severity}, since `,
        moment(alarm.raisedAt),
        ') ',
        remedy && make('small', sentence(remedy), ' '),
        page(alarm),
        taken(alarm, who, again),
      )
    }),
  )
}

/** The way to what it is about, or to what it names. */
function page({ subject, facts: { finding, release } }) {
  const about = [subject, finding, release].find(hasPage)
  return about && [pageLink(about, 'Look at it'), ' ']
}

/** Whether somebody takes care of it, or the way to say so. */
function taken({ id, acknowledgedAt }, who, again) {
  if (acknowledgedAt !== null) return make('small', 'Taken care of since ', moment(acknowledgedAt))
  if (who.role === 'auditor') return undefined
  return button('I take care of it', async () => {
    await post(`/alarms/${id}/acknowledge`)
    say('Everybody sees that somebody takes care of it.')
    again()
  })
}
