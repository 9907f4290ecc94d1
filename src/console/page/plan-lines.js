// SPDX-License-Identifier: Apache-2.0
/** How artefacts are signed, a line of a signing plan each. */
import { link, make } from './elements.js'
import { entries } from './entries.js'

/**
 * Lines as a plan has them, or as a release was submitted with them; `keys` are the signing keys of
 * the product, by whose names a line calls them.
 */
export function planLines(lines, keys) {
  const byName = new Map(keys.map(({ id, name }) => [name, id]))
  const keyLink = (key) => {
    const name = key.name ?? key
    return byName.has(name) ? link(`#/signing-key/${byName.get(name)}`, name) : name
  }
  return entries(
    lines.map((line) => [
      line.form,
      null,
      of(line),
      make('span', 'by ', byKeys(line.keys, keyLink)),
      options(line),
      line.devices && `for devices that are set so: ${line.devices}`,
    ]),
    'Nothing is signed in any form.',
  )
}

function of({ artefacts, of: form, name }) {
  const source = form ? `what comes out as ${form}` : (artefacts?.join(', ') ?? 'every artefact')
  return name ? `${source}, written as ${name}` : source
}

const byKeys = (keys, keyLink) =>
  keys?.length > 0
    ? keys.flatMap((key, at) => [at > 0 && ', ', keyLink(key)])
    : ['every key of the product that signs so']

function options({ options: chosen = {} }) {
  const told = Object.entries(chosen).map(([name, value]) => `${name} ${value}`)
  return told.length > 0 && make('small', told.join(' · '))
}
