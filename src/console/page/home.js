// SPDX-License-Identifier: Apache-2.0
/** How the installation is, its devices, and which certificates end. */
import { get } from './api.js'
import { copyable, facts, heading, link, make, moment, state } from './elements.js'
import { listOf } from './list.js'
import { deviceStates, environments, kinds, sentence } from './words.js'

export async function home({ go, who, again }) {
  const [status, doctor, waiting, { items: products }] = await Promise.all([
    get('/status'),
    get('/doctor'),
    get('/requests', { state: 'waiting', limit: 20 }),
    get('/products', { limit: 1000 }),
  ])
  const { counts, addresses } = status
  const standing = Object.values(status.alarms).some((count) => count > 0)
  if (counts.products === 0 && who.role === 'administrator') return go('#/product')
  if (counts.devices === 0 && counts.products > 0 && who.role !== 'auditor') return go('#/add')
  const care = doctor.findings.filter(({ verdict }) => verdict !== 'good')
  const soon = link(
    '#/certificates',
    `Certificates that end within 30 days: ${counts.expiringSoon}`,
  )
  return [
    make('div.title', heading('Devices'), who.role !== 'auditor' && link('#/add', 'Add a device')),
    environments[status.environment] && make('p.box.warn', environments[status.environment]),
    counts.expiringSoon > 0 && make('p.box', soon),
    ...care.map(({ found, remedy }) =>
      make('p.box', sentence(found), remedy && ` ${sentence(remedy)}`),
    ),
    standing && (await (await import('./alarms.js')).alarmSection({ who, again })),
    waiting.items.length > 0 && (await import('./decide.js')).waitingSection(waiting),
    ...deviceList(products),
    make(
      'details',
      make('summary', 'This installation'),
      facts({
        'Devices call': addresses.devices,
        ...(addresses.legacy === null
          ? {}
          : { 'Old devices call (TLS 1.2, a relaxation)': addresses.legacy }),
        'Revocation lists': addresses.status,
        Version: status.version,
        'Runs since': moment(status.startedAt),
        'Certificates in force': counts.certificates,
        'Root (SHA-256)': copyable(status.rootSha256, 'the fingerprint of the root'),
        ...(status.twinRootSha256 && {
          "Twin's root (SHA-256)": copyable(status.twinRootSha256, 'the fingerprint of its twin'),
        }),
      }),
    ),
  ]
}

function deviceList(products) {
  const all = ['', 'all']
  const names = products.map(({ id, name }) => [id, name])
  const nameOf = new Map(names)
  return listOf({
    path: '/devices',
    filters: [
      { name: 'serialPrefix', label: 'Serial begins with', maxlength: 64 },
      { name: 'product', label: 'Product', choices: [all, ...names] },
      {
        ...{ name: 'state', label: 'State' },
        choices: [all, ...Object.keys(deviceStates).map((word) => [word, word])],
      },
    ],
    columns: ['Device', 'State', 'Last identity'],
    row: (device) => [
      [link(`#/device/${device.id}`, device.serial), make('small', nameOf.get(device.product))],
      state(device.state),
      moment(device.seenAt),
    ],
  })
}

export async function certificates() {
  const days = { 30: '30 days', 90: '90 days', 365: 'a year' }
  return [
    heading('Certificates that end soon'),
    ...listOf({
      path: '/certificates',
      filters: [{ name: 'days', label: 'Within', choices: Object.entries(days) }],
      input: ({ days }) => {
        const [now, end] = [0, days].map((from) => new Date(Date.now() + from * 86_400_000))
        return { expiringAfter: now.toISOString(), expiringBefore: end.toISOString() }
      },
      columns: ['Whose', 'What', 'Ends'],
      row: ({ owner, deviceSerial, subject, kind, notAfter }) => [
        deviceSerial === null ? subject : link(`#/device/${owner}`, deviceSerial),
        kinds[kind],
        moment(notAfter),
      ],
    }),
  ]
}
