// SPDX-License-Identifier: Apache-2.0
/** What happened to a release, and how anybody proves it without this server. */
import { copyable, make } from './elements.js'
import { partByPart } from './entries.js'
import { eventItems } from './log.js'

export function provedEvents({ id, events, log }, names) {
  const newest = events.toSorted(
    (one, other) => (other.index ?? Infinity) - (one.index ?? Infinity),
  )
  return [
    make('h2', 'What happened'),
    ...proofs(id, log),
    ...partByPart('ol.events', eventItems(newest, names)),
  ]
}

function proofs(id, { size, rootSha256 }) {
  if (rootSha256 === null)
    return [make('p', 'Nothing of it is in the signed log yet; that takes a second.')]
  const lines = [
    `bin/vitalsign release show ${id} --json > page.json`,
    'bin/vitalsign release check page.json --log-key log.key',
  ]
  return [
    make(
      'p',
      `Each comes with the proof that it is in the log of ${size} events. Once it is saved, anybody checks that without this server:`,
    ),
    copyable(lines.join('\n'), 'the commands that check it'),
  ]
}
