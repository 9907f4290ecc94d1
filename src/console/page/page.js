// SPDX-License-Identifier: Apache-2.0
/** Which view stands on the page: by the hash, and by who is here. */
import { ask, get, Problem } from './api.js'
import { claim, join, signIn } from './door.js'
import { button, heading } from './elements.js'
import { enrol } from './enrol.js'
import { addDevice, addProduct } from './first-hour.js'
import { problemBox } from './form.js'
import { certificates, home } from './home.js'

/** A view that is seldom asked for, and loaded only then. */
const later = (name, file) => async (asked) => (await import(file))[name](asked)
const views = {
  add: addDevice,
  approvers: later('approvers', './approvers.js'),
  certificates,
  device: later('device', './device.js'),
  enrol,
  exceptions: later('exceptions', './exceptions.js'),
  finding: later('finding', './finding.js'),
  'key-watch': later('keyWatch', './key-watch.js'),
  log: later('log', './log.js'),
  product: addProduct,
  release: later('release', './release.js'),
  releases: later('releases', './releases.js'),
  request: later('request', './decide.js'),
  rotation: later('rotation', './rotation.js'),
  scan: later('scan', './scans.js'),
  scans: later('scans', './scans.js'),
  'signing-key': later('signingKey', './signing-key.js'),
  'signing-keys': later('signingKeys', './signing-keys.js'),
  'signing-rules': later('signingRules', './signing-rules.js'),
}
const main = document.querySelector('main')
/** The person who is signed in. */
let who
let leaving = new AbortController()

async function open() {
  const [, kind, token] = /^#(claim|join)=(.+)$/.exec(location.hash) ?? []
  if (token) {
    // It leaves the address, and with it the history, before anything else happens.
    history.replaceState(null, '', '/')
    return put((kind === 'claim' ? claim : join)(token, enter))
  }
  if (who === undefined) return enter()
  const [noun, id] = location.hash.slice(2).split('/')
  const view = Object.hasOwn(views, noun) ? views[noun] : home
  leaving.abort()
  leaving = new AbortController()
  const { signal } = leaving
  try {
    const shown = await view({ id, who, go, fail, again: open, signal })
    // A view that leads elsewhere shows nothing itself.
    if (shown && !signal.aborted) put(shown)
  } catch (error) {
    if (!signal.aborted) await fail(error)
  }
}

/** Finds out who is here, and goes on where the hash leads. */
async function enter() {
  try {
    who = await get('/session')
    await open()
  } catch (error) {
    await fail(error)
  }
}

function go(hash) {
  if (location.hash === hash) open()
  else location.hash = hash
}

/** Shows a "no" in place of the view; a break goes on to the browser's console. */
async function fail(error) {
  if (!(error instanceof Problem)) throw error
  leaving.abort()
  if (error.code !== 'credential-missing') {
    return put([heading('That did not work'), await problemBox(error), button('Try again', open)])
  }
  const why = who && 'Your session has ended. Sign in, and you are where you were.'
  who = undefined
  put(signIn(why, enter))
}

/** Puts a view in place, and the focus where it begins. */
function put(elements) {
  document.querySelector('dialog')?.remove()
  document.body.classList.toggle('signed-in', who !== undefined)
  document.querySelector('#name').textContent = who?.name
  for (const part of document.querySelectorAll('nav a')) {
    part.ariaCurrent = part.hash === (location.hash || '#/') ? 'page' : null
  }
  main.replaceChildren(...elements.filter(Boolean))
  const title = main.querySelector('h1')
  document.title = `${title.textContent} · Vitalsign`
  const first = main.querySelector('form:not(.filters) :is(input, select)') ?? title
  first.focus()
}

document.querySelector('#leave').addEventListener('click', async () => {
  leaving.abort()
  await ask('DELETE', '/session')
  who = undefined
  put(signIn(undefined, enter))
})
addEventListener('hashchange', () => location.hash !== '#main' && open())
addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof Problem)) return
  event.preventDefault()
  fail(event.reason)
})
open()
