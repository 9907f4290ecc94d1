// SPDX-License-Identifier: Apache-2.0
/** The lines that give a device its identity, and the wait until it is here. */
import { get, post, watch } from './api.js'
import { button, copyable, heading, link, make, moment, state, step } from './elements.js'
import { deviceStates, kinds, sentence } from './words.js'

/** Codes that were made on this page, by device: shown once, kept nowhere else. */
const codes = new Map()

/** Makes an enrolment code and shows the lines with it. */
export async function makeCode({ id }, go) {
  codes.set(id, await post('/codes', { device: id }))
  go(`#/enrol/${id}`)
}

export async function enrol({ id, signal, go, fail }) {
  const [device, status] = await Promise.all([get(`/devices/${id}`), get('/status')])
  const before = device.enrolmentsLeft > 0 ? identityOf(device) : undefined
  const title = heading(`Give ${device.serial} its identity`)
  const lines = make('div')
  const line = make('p.line')
  const more = make('div')
  const note = make('p.hint')
  const show = (now) => {
    const identity = identityOf(now)
    const isHere = identity !== undefined && identity.id !== before?.id
    line.textContent = isHere ? `${now.serial} is here` : `Waiting for ${now.serial} …`
    document.title = `${line.textContent} · Vitalsign`
    if (!isHere) return
    card.classList.add('good')
    more.replaceChildren(...welcome(now, identity))
    onward.hidden = false
    codes.delete(id)
    if (lines.contains(document.activeElement)) title.focus()
    lines.replaceChildren()
  }
  const onward = make(
    'p.actions',
    { hidden: '' },
    link(`#/device/${id}`, `Look at ${device.serial}`),
    link('#/add', 'Add another device'),
    link('#/', 'All devices'),
  )
  const card = make('section.box.waiting', { 'aria-live': 'polite' }, line, more, note, onward)
  lines.append(...pasted(device, status, go).filter(Boolean))
  show(device)
  let turn = 0
  const seen = async ({ event, words }) => {
    const mine = ++turn
    try {
      const now = await get(`/devices/${id}`)
      if (signal.aborted || mine !== turn) return
      note.textContent = event?.includes('refused') ? sentence(words) : ''
      show(now)
    } catch (error) {
      if (!signal.aborted) fail(error)
    }
  }
  watch(id, signal, seen, (forGood) => {
    note.textContent = `The line to the server is cut. ${forGood ? 'Load this page again.' : 'Trying again …'}`
    // A browser does not tell why: perhaps the session has ended.
    if (forGood) get('/session').catch(fail)
  })
  return [status.counts.devices === 1 && step('Identity'), title, lines, card]
}

/** The newest identity that a device holds. */
function identityOf({ certificates }) {
  return certificates.find((one) => one.state === 'issued')
}

function welcome(device, identity) {
  return [
    make('p', `Its ${kinds[identity.kind]} is good until `, moment(identity.notAfter), '.'),
    make('p', state(device.state), `: ${deviceStates[device.state]}`),
  ]
}

function pasted(device, status, go) {
  const made = codes.get(device.id)
  if (made === undefined) {
    if (device.enrolmentsLeft === 0) return []
    const again = button('New enrolment code', () => makeCode(device, go))
    return [make('p', 'Its enrolment code was shown once. A new one ends it.'), again]
  }
  const server = serverFor(status.addresses.devices)
  const filled = { server, root: status.rootSha256, serial: device.serial, code: made.code }
  const until = ['It is shown only now, and good once until ', moment(made.expiresAt), '.']
  return [
    make('p', 'Paste this on the device; its enrolment code is in it. ', until),
    ...clients.map((client, at) => clientLines(client, filled, at === 0)),
    /\/(localhost|127\.|\[::1)/.test(server) &&
      make(
        'p.hint',
        `${server} is reached from this machine only; others need a server started with --listen.`,
      ),
  ]
}

/** Nobody can call 0.0.0.0. */
export function serverFor(address) {
  const url = new URL(address)
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = location.hostname
  return url.origin
}

/** For each client: what it is, how it is called, and which serials it takes. */
const clients = [
  {
    name: 'With sh, openssl and curl',
    about: 'It is one file; copy it to the device first.',
    command: 'sh clients/sh/vitalsign-enrol.sh enrol',
    serials: /^[A-Za-z0-9._~-]+$/,
  },
  {
    name: 'With Node: vitalsign-device',
    about: 'It also renews the identity by itself, with "run".',
    command: 'bin/vitalsign-device enrol --code-file -',
    serials: /^[\x21-\x39\x3b-\x7e]+$/,
  },
]

function clientLines(client, filled, open) {
  return make(
    'details',
    { name: 'client', open: open && '' },
    make('summary', client.name),
    make('p.hint', client.about),
    client.serials.test(filled.serial)
      ? copyable(linesFor(client.command, filled), `the lines: ${client.name}`)
      : make('p.box.warn', 'This client does not take such a serial.'),
  )
}

/** The code goes in by standard input: arguments can be read by everybody on a machine. */
function linesFor(command, { server, root, serial, code }) {
  const plain = /^[A-Za-z0-9._~-]+$/
  const quoted = plain.test(serial) ? serial : `'${serial.replaceAll("'", "'\\''")}'`
  const directory = `./vitalsign-${serial.replace(/[^A-Za-z0-9._~-]/g, '_')}`
  return `${command} \\
  --server ${server} --serial ${quoted} \\
  --root ${root} \\
  --state ${directory} <<'END'
${code}
END`
}
