// SPDX-License-Identifier: Apache-2.0
/** Elements are made here and nowhere else: what comes from the server is only ever text in them. */

/**
 * `make('p.hint', { id: 'x' }, 'text', child)`: attributes MAY be left out, a function among them
 * hears the event of its name; children that are undefined, null or false are left out.
 */
export function make(name, ...rest) {
  const [tag, ...classes] = name.split('.')
  const element = document.createElement(tag)
  element.classList.add(...classes)
  const attributes = rest[0]?.constructor === Object ? rest.shift() : {}
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value)
    else if (value !== undefined && value !== false) element.setAttribute(key, value)
  }
  const children = rest.flat(2).filter((one) => (one ?? false) !== false)
  element.append(...children.map((one) => (typeof one === 'string' ? unturned(one) : one)))
  return element
}

/** Signs that turn the direction of what follows (UAX #9) stand by their numbers: a name shows what it is. */
function unturned(text) {
  return text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (sign) => {
    return `\\u{${sign.codePointAt(0).toString(16)}}`
  })
}

export const link = (href, text) => make('a', { href }, text)
export const button = (text, click) => make('button', { type: 'button', click }, text)

/** The one heading of a view. */
export const heading = (text) => make('h1', { tabindex: -1 }, text)

export const state = (word) => make(`span.state.${word}`, word)

/** 64 digits in groups, so that two people can read them to each other. */
export const digest = (hex) => make('code', hex.replaceAll(/.{8}(?!$)/g, '$& '))

/** Pairs of a name and what stands for it; null is left out. */
export function facts(pairs) {
  const told = Object.entries(pairs).filter(([, value]) => value !== null)
  return make(
    'dl',
    told.map(([name, value]) => [make('dt', name), make('dd', value)]),
  )
}

/** A table; the first cell of each row is its heading. */
export function table(columns, rows) {
  const head = columns.map((column) => make('th', { scope: 'col' }, column))
  const lines = rows.map(([first, ...others]) =>
    make(
      'tr',
      make('th', { scope: 'row' }, first),
      others.map((cell) => make('td', cell)),
    ),
  )
  return make('table', make('thead', make('tr', head)), make('tbody', lines))
}

const steps = ['You', 'Product', 'Device', 'Identity']

/** Where a person stands in the first hour. */
export function step(current) {
  const now = steps.indexOf(current)
  const items = steps.map((name, at) => {
    if (at === now) return make('li', { 'aria-current': 'step' }, name)
    return at < now ? make('li.done', name, make('span.unseen', ' (done)')) : make('li', name)
  })
  return make('ol.steps', { 'aria-label': 'The first hour' }, items)
}

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** An instant (RFC 3339) as a person reads it; the year 9999 stands for none (RFC 5280 section 4.1.2.5). */
export function moment(instant) {
  if (instant === null) return 'not yet'
  if (instant.startsWith('9999')) return 'never'
  return make('time', { datetime: instant }, clock.format(new Date(instant)))
}

/** Tells who does not see it. */
export function say(text) {
  document.querySelector('#heard').textContent = text
}

/** Text to be taken over as it stands. */
export function copyable(text, what) {
  const lines = make('pre', text)
  const copy = button('Copy', async () => {
    try {
      await navigator.clipboard.writeText(text)
      copy.textContent = 'Copied'
      say(`Copied: ${what}`)
    } catch {
      // A browser that does not let us: the person can, with the lines marked.
      getSelection().selectAllChildren(lines)
    }
  })
  copy.setAttribute('aria-label', `Copy ${what}`)
  return make('div.copyable', copy, lines)
}
