// SPDX-License-Identifier: Apache-2.0
/** How a release will be signed: in which forms, by which keys, and which digests of what stays elsewhere. */
import { link, make, state } from './elements.js'
import { entries } from './entries.js'
import { planLines } from './plan-lines.js'

export function releaseSigning({ product, signing, state: now, signed }) {
  const title = make('h2', now === 'draft' ? 'How it would be signed' : 'How it is signed')
  const plan = link(`#/signing-rules/${product}`, 'the signing plan of its product')
  if (signing === null)
    return [title, make('p.box.warn', 'Not by ', plan, ': it cannot be carried out as it is.')]
  const { plan: number, lines, digests } = signing
  const by =
    number === 0
      ? ['There is no plan: a form for each of the keys. See ', plan, '.']
      : [`By number ${number} of `, plan, '.']
  return [
    title,
    make('p', now !== 'draft' && 'People approve this with it. ', by),
    planLines(lines, []),
    ...ofDigests(digests, new Set(signed.map(({ name }) => name))),
  ]
}

/** What stays where it was built: only digests came, and what is signed of them is put together there. */
function ofDigests(digests, done) {
  if (digests.length === 0) return []
  const waits = digests.filter((one) => !isSigned(one, done))
  return [
    make('h3', 'Digests of what stays where it was built'),
    waits.length > 0 &&
      make(
        'p.hint',
        `${waits.length} of ${digests.length} are not signed yet: once it is approved, the "firmware sign" that brought them is said again.`,
      ),
    entries(
      digests.map((one) => [
        one.of,
        state(isSigned(one, done) ? 'signed' : 'waiting'),
        `as ${one.form}, by ${one.key.name}`,
        make('small', one.artefact),
      ]),
    ),
  ].filter(Boolean)
}

/** A signature over a digest is called after what was signed and by whom. */
const isSigned = ({ artefact, key }, done) => done.has(`${artefact}.${key.name}.sig`)
