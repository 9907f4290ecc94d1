// SPDX-License-Identifier: Apache-2.0
/** The latest events, and the checkpoint that holds the whole log to its word. */
import { get, post } from './api.js'
import { button, copyable, heading, link, make, moment } from './elements.js'
import { pager } from './list.js'

export async function log() {
  const asked = { limit: 50 }
  const [status, people, first] = await Promise.all([
    get('/status'),
    get('/people', { limit: 1000 }),
    get('/log', asked),
  ])
  const names = new Map(people.items.map(({ id, name }) => [id, name]))
  const events = make('ol.events', eventItems(first.items, names))
  const { size, checkpointAt } = status.log
  return [
    heading('Log'),
    make('p', 'Every act that changes trust stands here, and every refusal.'),
    make('p', `The checkpoint seals ${size} events, the last from `, moment(checkpointAt), '.'),
    ...verification(),
    make('h2', 'Latest events'),
    events,
    pager('/log', asked, first.next, (items) => events.append(...eventItems(items, names))),
  ]
}

/** Events as items of a list; with people's names by their ids, they lead to their devices, too. */
export function eventItems(events, names) {
  return events.map(({ index, type, at, actor, subjects, facts }) => {
    const told = Object.entries(facts)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name} ${`${value}`.replace(/^(.{32}).{9,}$/, '$1…')}`)
    const by = `by ${names?.get(actor.id) ?? actor.kind}`
    const device = names && subjects.find((id) => id.startsWith('dev_'))
    return make(
      'li',
      make('p', make('strong', type.replaceAll('-', ' ')), moment(at)),
      make('small', [`no. ${index}`, by, ...told].join(' · '), ' '),
      device && make('small', link(`#/device/${device}`, 'device')),
    )
  })
}

function verification() {
  const place = make('div', { 'aria-live': 'polite' })
  const verify = button('Verify the log', async () => {
    place.replaceChildren('Verifying …')
    const { good, size, findings, checkpoint } = await post('/log/verify')
    const words = good
      ? `All ${size} events are whole and match what is kept.`
      : 'The log does not match what is kept. Export it, and leave the server as it is.'
    place.replaceChildren(
      make(`p.box.${good ? 'good' : 'bad'}`, words),
      ...findings.map(({ finding }) => make('p', finding)),
      make(
        'p',
        'Keep this checkpoint elsewhere: "bin/vitalsign log verify FILE --since CHECKPOINT" finds what is changed after it.',
      ),
      copyable(checkpoint, 'the checkpoint'),
    )
  })
  return [verify, place]
}
