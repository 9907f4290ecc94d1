// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '#format/ip-address.ts'
import { formatName } from '#format/x509/name.ts'
import { parseProfile } from './document/parse-profile.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { readyProfiles } from './ready/ready-profiles.ts'
import { checkFacts, drawSubject, drawSubjectAlternativeName } from './templates.ts'

function profileOf(document: ProfileDocument): Profile {
  const parsed = parseProfile(document)
  assert.ok(parsed.kind === 'profile', JSON.stringify(parsed))
  return parsed.profile
}

const pump: CertificateFacts = { maker: 'Example Medical', product: 'Pump', serial: 'PUMP-0001' }
const ldevid = profileOf(readyProfiles.ldevid)
const server = profileOf(readyProfiles.server)
const because = 'RFC 0000: a test'

test('a working identity names maker, product and serial', () => {
  const name = drawSubject(ldevid, pump)
  assert.equal(formatName(name), 'serialNumber=PUMP-0001,CN=PUMP-0001,OU=Pump,O=Example Medical')
})

test('an attribute whose fact is absent is left out', () => {
  const { product: _, ...facts } = pump
  assert.equal(
    formatName(drawSubject(ldevid, facts)),
    'serialNumber=PUMP-0001,CN=PUMP-0001,O=Example Medical',
  )
})

test('a fact is text, never a template or a name of its own', () => {
  const sly = { ...pump, product: '{serial}, O=Evil+CN=x' }
  assert.equal(
    formatName(drawSubject(ldevid, sly)),
    'serialNumber=PUMP-0001,CN=PUMP-0001,OU={serial}\\, O=Evil\\+CN=x,O=Example Medical',
  )
})

test('each name of a server is drawn as what it is', () => {
  const facts = {
    maker: 'Example',
    name: 'pki',
    names: ['pki.example', '192.0.2.1', '2001:db8::1', '*.pki.example'],
  }
  assert.deepEqual(drawSubjectAlternativeName(server, facts), [
    { kind: 'dns', value: 'pki.example' },
    { kind: 'ip', bytes: Uint8Array.of(192, 0, 2, 1) },
    { kind: 'ip', bytes: Uint8Array.fromHex('20010db8000000000000000000000001') },
    { kind: 'dns', value: '*.pki.example' },
  ])
})

test('hardware names carry their type and the serial as octets', () => {
  const profile = profileOf({
    ...readyProfiles.idevid,
    subjectAlternativeName: {
      names: [
        { kind: 'hardwareModuleName', type: '1.3.6.1.4.1.99999.1', value: '{serial}' },
        { kind: 'permanentIdentifier', value: '{product}/{serial}' },
        { kind: 'uri', value: 'urn:dev:{lot}' },
      ],
      requested: 'same',
      because,
    },
  })
  assert.deepEqual(drawSubjectAlternativeName(profile, pump), [
    {
      kind: 'hardwareModuleName',
      hardwareType: '1.3.6.1.4.1.99999.1',
      serialNumber: new TextEncoder().encode('PUMP-0001'),
    },
    { kind: 'permanentIdentifier', identifier: 'Pump/PUMP-0001' },
  ])
})

const refused: readonly (readonly [string, Profile, CertificateFacts, RegExp])[] = [
  [
    'a serial that PrintableString cannot hold',
    ldevid,
    { ...pump, serial: 'PUMP_0001' },
    /"PUMP_0001" may hold/,
  ],
  [
    'a serial beyond 64 characters',
    ldevid,
    { ...pump, serial: 'P'.repeat(65) },
    /65 characters, at most 64/,
  ],
  [
    'a product with a control character',
    ldevid,
    { ...pump, product: 'Pump\n' },
    /control character/,
  ],
  ['half a character', ldevid, { ...pump, product: 'Pump \ud83d' }, /half a character/],
  [
    'a host name with an underscore',
    server,
    { maker: 'M', name: 'n', names: ['my_host'] },
    /"my_host" is no host name/,
  ],
  ...['*', '10.0.0.07', '300.1.1.1', 'a.*.example', 'brøker.example', 'a..example'].map(
    (one) =>
      [
        `${one}, which is no host name`,
        server,
        { maker: 'M', name: 'n', names: [one] },
        / is no host name/,
      ] as const,
  ),
  [
    'a host name that begins with a hyphen',
    server,
    { maker: 'M', name: 'n', names: ['-a.example'] },
    /no host name/,
  ],
  [
    'a host name beyond 253 characters',
    server,
    { maker: 'M', name: 'n', names: ['a.'.repeat(127)] },
    /no host name/,
  ],
]

for (const [what, profile, facts, detail] of refused)
  test(`facts with ${what} are refused before anything is drawn`, () => {
    const no = checkFacts(profile, facts)
    assert.equal(no?.reason, 'input-wrong')
    assert.match(no?.detail ?? '', detail)
  })

test('facts that fit are not refused', () => {
  assert.equal(checkFacts(ldevid, { ...pump, product: 'Pumpe für Säuglinge 輸液' }), undefined)
  assert.equal(
    checkFacts(server, { maker: 'M', name: 'n', names: ['localhost', '::1', '127.0.0.1'] }),
    undefined,
  )
})

test('addresses are read as RFC 4291 writes them, and nothing else is', () => {
  const good: Record<string, string> = {
    '0.0.0.0': '00000000',
    '255.255.255.255': 'ffffffff',
    '::': '00'.repeat(16),
    '::1': `${'00'.repeat(15)}01`,
    '1::': `0001${'00'.repeat(14)}`,
    '2001:db8:0:0:1:0:0:1': '20010db8000000000001000000000001',
    '::ffff:192.0.2.1': `${'00'.repeat(10)}ffffc0000201`,
    '1:2:3:4:5:6:7:8': '00010002000300040005000600070008',
  }
  for (const [text, hex] of Object.entries(good))
    assert.equal(parseAddress(text)?.toHex(), hex, text)
  const bad = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.-4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'fe80::1%eth0',
    '1.2.3.4::',
    'g::',
    '::1.2.3',
  ]
  for (const text of bad) assert.equal(parseAddress(text), undefined, text)
})
