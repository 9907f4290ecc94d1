// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { readyProfiles } from '../ready/ready-profiles.ts'
import { readySets } from '../ready/ready-sets.ts'
import { parseProfile } from './parse-profile.ts'
import type { ProfileFault } from './read-shape.ts'

type Json = Record<string, unknown>

/** A copy of a ready-made document with members set by dotted path; undefined removes. */
function changed(name: keyof typeof readyProfiles, changes: Json): Json {
  const document: Json = structuredClone(readyProfiles[name])
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.')
    const last = names.pop()!
    const place = names.reduce<Json>((tree, one) => tree[one] as Json, document)
    if (value === undefined) delete place[last]
    else place[last] = value
  }
  return document
}

function faultsOf(document: unknown): readonly ProfileFault[] {
  const parsed = parseProfile(document)
  return parsed.kind === 'faults' ? parsed.faults : []
}

const because = 'RFC 0000: a test'

for (const document of [...Object.values(readyProfiles), ...Object.values(readySets).flat()])
  test(`the ready-made profile ${document.name} has no fault`, () => {
    assert.deepEqual(faultsOf(document), [])
    assert.deepEqual(faultsOf(JSON.parse(JSON.stringify(document))), [])
  })

test('ready-made profiles are found under their own names, and no name stands twice', () => {
  for (const [name, document] of Object.entries(readyProfiles)) assert.equal(document.name, name)
  const names = [...Object.values(readyProfiles), ...Object.values(readySets).flat()].map(
    ({ name }) => name,
  )
  assert.equal(new Set(names).size, names.length)
})

test('each limit of a ready-made profile names a source', () => {
  // A standard by its name, or, where there is none, our own reason said as such.
  const source = /RFC \d|IEEE|NIST|CNSA|CA\/Browser|IEC|TCG|FIPS|^our choice: /
  for (const document of [...Object.values(readyProfiles), ...Object.values(readySets).flat()])
    for (const [name, section] of Object.entries(document))
      if (typeof section === 'object' && 'because' in section)
        assert.match(String(section.because), source, `${document.name} ${name}`)
})

test('a typing slip in a member name is told with the name that was meant', () => {
  const { keyUsage, ...rest } = changed('ldevid', {})
  assert.deepEqual(faultsOf({ ...rest, keyUsge: keyUsage }), [
    { path: 'keyUsge', value: 'an object', remedy: 'did you mean "keyUsage"?' },
    { path: 'keyUsage', value: 'nothing', remedy: 'add it: The key usage extension, critical.' },
  ])
})

test('a typing slip in a word is told with the word that was meant', () => {
  const [fault] = faultsOf(changed('ldevid', { 'keys.algorithms': ['p256'] }))
  assert.deepEqual(fault, {
    path: 'keys.algorithms[0]',
    value: '"p256"',
    remedy: 'did you mean "p-256"?',
  })
  assert.equal(
    faultsOf(changed('ldevid', { 'extendedKeyUsage.purposes': ['clientauth'] }))[0]?.remedy,
    'did you mean "clientAuth"?',
  )
})

test('all faults are told at once, each with its path', () => {
  const document = changed('server', {
    format: 'vitalsign-profile-2',
    version: 0,
    about: '',
    'validity.hours': '2160',
    'backdating.because': undefined,
    'status.crl': 'yes',
    'keys.algorithms': [],
    'admission.proofs': 'operator',
  })
  assert.deepEqual(
    faultsOf(document).map(({ path }) => path),
    [
      'format',
      'version',
      'about',
      'keys.algorithms',
      'validity.hours',
      'backdating.because',
      'admission.proofs',
      'status.crl',
    ],
  )
})

/** One document for each rule, with the path that it must name. */
const broken: readonly (readonly [string, Json, string])[] = [
  [
    'attestation of what no device holds',
    changed('client', { attestation: { required: ['tpm'], maxAgeHours: 1, because } }),
    'attestation',
  ],
  [
    'a quote of what quotes nothing',
    changed('ldevid', {
      attestation: { required: ['secure-element'], maxAgeHours: 1, quote: 'required', because },
    }),
    'attestation.quote',
  ],
  [
    'a TPM that is not asked what it holds',
    changed('ldevid', {
      'admission.proofs': ['tpm', 'current-certificate'],
      attestation: { required: ['secure-element'], maxAgeHours: 1, because },
    }),
    'attestation.required',
  ],
  [
    'keys that are attested and made by the server',
    changed('ldevid', {
      serverKeys: { algorithms: ['p-256'], because },
      attestation: { required: ['tpm'], maxAgeHours: 1, because },
    }),
    'serverKeys',
  ],
  [
    'a residence in a TPM that nobody verifies',
    changed('ldevid', { certificatePolicies: { policies: ['2.23.133.11.1.1'], because } }),
    'certificatePolicies.policies[0]',
  ],
  [
    'a residence in a TPM of keys that may be elsewhere',
    changed('ldevid', {
      certificatePolicies: { policies: ['1.2.3', '2.23.133.11.1.2'], because },
      attestation: { required: ['tpm', 'secure-element'], maxAgeHours: 1, because },
    }),
    'certificatePolicies.policies[1]',
  ],
  [
    'an identity that says it is restricted',
    changed('ldevid', {
      certificatePolicies: { policies: ['2.23.133.11.1.3'], because },
      attestation: { required: ['tpm'], maxAgeHours: 1, because },
    }),
    'certificatePolicies.policies[0]',
  ],
  [
    'an identity that attests',
    changed('ldevid', { 'extendedKeyUsage.purposes': ['clientAuth', 'attestationKey'] }),
    'extendedKeyUsage.purposes',
  ],
  [
    'an attestation key that signs in',
    changed('client', {
      kind: 'attestation',
      'extendedKeyUsage.purposes': ['attestationKey', 'clientAuth'],
      'admission.proofs': ['tpm'],
    }),
    'extendedKeyUsage.purposes',
  ],
  [
    'an attestation key that a person asks for',
    changed('client', { kind: 'attestation', 'extendedKeyUsage.purposes': ['attestationKey'] }),
    'admission.proofs',
  ],
  ['no lifetime', changed('server', { 'validity.hours': undefined }), 'validity'],
  [
    'approval of what no device asks for',
    changed('server', { approval: { rule: 'manual', operations: ['enrol'], because } }),
    'approval',
  ],
  [
    'a connection bound for what waits',
    changed('ldevid', {
      approval: { rule: 'manual', operations: ['enrol'], because },
      channelBinding: { type: 'tls-exporter', because },
    }),
    'channelBinding',
  ],
  [
    'a registrar for a server',
    changed('server', { 'admission.proofs': ['operator', 'registrar'] }),
    'admission.proofs',
  ],
  ['two lifetimes', changed('server', { 'validity.issuer': true }), 'validity'],
  [
    'validity.issuer false',
    changed('server', { validity: { issuer: false, because } }),
    'validity.issuer',
  ],
  [
    'a root that ends with its issuer',
    changed('root', { validity: { issuer: true, because } }),
    'validity.issuer',
  ],
  [
    'a day that is not',
    changed('server', { validity: { until: '20300230000000Z', because } }),
    'validity.until',
  ],
  [
    'a leap second',
    changed('server', { validity: { until: '20300228235960Z', because } }),
    'validity.until',
  ],
  [
    'an unknown placeholder',
    changed('ldevid', {
      'subject.attributes': [
        { type: 'serialNumber', value: '{serial}' },
        { type: 'CN', value: '{seral}' },
      ],
    }),
    'subject.attributes[1].value',
  ],
  [
    'a loose brace',
    changed('ldevid', {
      'subject.attributes': [
        { type: 'serialNumber', value: '{serial}' },
        { type: 'CN', value: '{serial' },
      ],
    }),
    'subject.attributes[1].value',
  ],
  [
    'a list in a subject',
    changed('server', { 'subject.attributes': [{ type: 'CN', value: '{names}' }] }),
    'subject.attributes[0].value',
  ],
  [
    'an unknown placeholder in an alternative name',
    changed('server', { 'subjectAlternativeName.names': [{ kind: 'dns', value: '{host}' }] }),
    'subjectAlternativeName.names[0].value',
  ],
  [
    'hardware without its type',
    changed('ldevid', {
      subjectAlternativeName: {
        names: [{ kind: 'hardwareModuleName', value: '{serial}' }],
        requested: 'part',
        because,
      },
    }),
    'subjectAlternativeName.names[0].type',
  ],
  [
    'a type where none belongs',
    changed('server', {
      'subjectAlternativeName.names': [{ kind: 'host', value: '{names}', type: '1.2.3' }],
    }),
    'subjectAlternativeName.names[0].type',
  ],
  ['nobody named', changed('client', { 'subject.attributes': [] }), 'subject.attributes'],
  [
    'a device without serial',
    changed('ldevid', { 'subject.attributes': [{ type: 'CN', value: '{serial}' }] }),
    'subject.attributes',
  ],
  [
    'a server without names',
    changed('server', { 'subjectAlternativeName.names': [] }),
    'subjectAlternativeName.names',
  ],
  [
    'a leaf that signs certificates',
    changed('ldevid', { 'keyUsage.bits': ['digitalSignature', 'keyCertSign'] }),
    'keyUsage.bits',
  ],
  [
    'an authority that does not',
    changed('issuing', { 'keyUsage.bits': ['cRLSign'] }),
    'keyUsage.bits',
  ],
  ['an authority without section', changed('issuing', { authority: undefined }), 'authority'],
  ['a leaf with authority', changed('client', { authority: { because } }), 'authority'],
  [
    'keys that cannot encipher',
    changed('server', { 'keyUsage.bits': ['digitalSignature', 'keyEncipherment'] }),
    'keyUsage.bits',
  ],
  [
    'keys that only encipher and would sign',
    changed('firmware-signer', { 'keys.algorithms': ['ml-kem-768'] }),
    'keyUsage.bits',
  ],
  [
    'keys that only encipher beside keys that sign',
    changed('firmware-signer', {
      'keys.algorithms': ['ml-kem-768', 'p-256'],
      'keyUsage.bits': ['digitalSignature', 'keyEncipherment'],
    }),
    'keyUsage.bits',
  ],
  [
    'rsa-pss keys that would encipher',
    changed('firmware-signer', {
      'keys.algorithms': ['rsa-pss-3072'],
      'keyUsage.bits': ['digitalSignature', 'keyEncipherment'],
    }),
    'keyUsage.bits',
  ],
  [
    'a tls server whose key proves itself in no handshake',
    changed('server', { 'keys.algorithms': ['p-256', 'slh-dsa-sha2-128s'] }),
    'keys.algorithms',
  ],
  [
    'a tls client whose key proves itself in no handshake',
    changed('ldevid', { 'keys.algorithms': ['slh-dsa-shake-256f'] }),
    'keys.algorithms',
  ],
  [
    'a birth identity whose key proves itself in no handshake',
    changed('idevid', { 'keys.algorithms': ['slh-dsa-sha2-192s'] }),
    'keys.algorithms',
  ],
  [
    'an authority whose key certifies nobody',
    changed('root', { 'keys.algorithms': ['rsa-2048'] }),
    'keys.algorithms',
  ],
  [
    'a server without purpose',
    changed('server', { extendedKeyUsage: undefined }),
    'extendedKeyUsage.purposes',
  ],
  [
    'a device that answers for others',
    changed('ldevid', { 'extendedKeyUsage.purposes': ['OCSPSigning'] }),
    'extendedKeyUsage.purposes',
  ],
  [
    'a birth with purposes',
    changed('idevid', { extendedKeyUsage: { purposes: ['clientAuth'], because } }),
    'extendedKeyUsage.purposes',
  ],
  [
    'an object identifier that cannot be',
    changed('ldevid', { 'extendedKeyUsage.purposes': ['clientAuth', '1.40.1'] }),
    'extendedKeyUsage.purposes[1]',
  ],
  [
    'a life that lies in the past',
    changed('ldevid', { 'validity.hours': 1, 'backdating.minutes': 60 }),
    'backdating.minutes',
  ],
  [
    'a key that ages before its certificate',
    changed('ldevid', { 'keyAge.hours': 8759 }),
    'keyAge.hours',
  ],
  [
    'key age beside a fixed end',
    changed('idevid', { keyAge: { hours: 8760, because } }),
    'keyAge.hours',
  ],
  ['a renewed birth', changed('idevid', { renewal: { fromPercent: 50, because } }), 'renewal'],
  [
    'expiry without renewal',
    changed('firmware-signer', { renewalAfterExpiry: { rule: 'never', because } }),
    'renewalAfterExpiry',
  ],
  [
    'for days without days',
    changed('ldevid', { 'renewalAfterExpiry.rule': 'for-days' }),
    'renewalAfterExpiry.days',
  ],
  [
    'days without for-days',
    changed('ldevid', { 'renewalAfterExpiry.days': 3 }),
    'renewalAfterExpiry.days',
  ],
  [
    'a birth key on a server',
    changed('server', { birthKey: { allowed: true, because } }),
    'birthKey',
  ],
  ['a code for a server', changed('server', { 'admission.proofs': ['code'] }), 'admission.proofs'],
  [
    'a birth born of a certificate',
    changed('idevid', { 'admission.proofs': ['birth-certificate'] }),
    'admission.proofs',
  ],
  [
    'renewal without its proof',
    changed('ldevid', { 'admission.proofs': ['code'] }),
    'admission.proofs',
  ],
  [
    'status that is there and is not',
    changed('ldevid', { 'status.noRevAvail': true }),
    'status.noRevAvail',
  ],
  [
    'an authority beyond revocation',
    changed('root', { 'status.noRevAvail': true }),
    'status.noRevAvail',
  ],
  [
    'names to add without limit',
    changed('server', { 'subjectAlternativeName.mayAdd': [{ kind: 'dns', value: '*.example' }] }),
    'subjectAlternativeName.mayAddAtMost',
  ],
  [
    'names to add that are ignored',
    changed('server', {
      'subjectAlternativeName.mayAdd': [{ kind: 'dns', value: '*.example' }],
      'subjectAlternativeName.mayAddAtMost': 1,
      'subjectAlternativeName.requested': 'ignored',
    }),
    'subjectAlternativeName.requested',
  ],
  [
    'names to add that no pattern holds',
    changed('server', {
      'subjectAlternativeName.mayAdd': [{ kind: 'ip', value: '*' }],
      'subjectAlternativeName.mayAddAtMost': 1,
    }),
    'subjectAlternativeName.mayAdd[0].kind',
  ],
  [
    'a requested extension of ours',
    changed('ldevid', { requestedExtensions: { oids: ['2.5.29.19'], because } }),
    'requestedExtensions.oids[0]',
  ],
  [
    'a repeated word',
    changed('ldevid', { 'admission.proofs': ['code', 'code'] }),
    'admission.proofs[1]',
  ],
  ['a name with a capital', changed('ldevid', { name: 'LDevID' }), 'name'],
  ['a control character', changed('ldevid', { about: 'a\u0007b' }), 'about'],
  ['text without end', changed('ldevid', { about: 'a'.repeat(201) }), 'about'],
  ['a half number', changed('ldevid', { 'validity.hours': 1.5 }), 'validity.hours'],
  ['a section that is a list', changed('ldevid', { validity: [] }), 'validity'],
]

for (const [what, document, path] of broken)
  test(`refuses ${what} at ${path}`, () => {
    const faults = faultsOf(document)
    assert.ok(
      faults.some((fault) => fault.path === path),
      JSON.stringify(faults),
    )
    for (const { remedy } of faults) assert.match(remedy, /^[a-z]/)
  })

test('a document that sets Object.prototype is a stranger, not a trap', () => {
  const document = JSON.parse(
    JSON.stringify(readyProfiles.ldevid).replace('{', '{"__proto__":{"x":1},'),
  )
  assert.deepEqual(
    faultsOf(document).map(({ path }) => path),
    ['__proto__'],
  )
})

test('whatever comes in, parseProfile gives a profile or faults and never throws', () => {
  const seed = randomInt(2 ** 31)
  const chance = generator(seed)
  const documents = Object.values(readyProfiles)
  for (let round = 0; round < 20_000; round++) {
    const document: Json = structuredClone(documents[chance(documents.length)]!)
    for (let changes = 1 + chance(4); changes > 0; changes--) mutate(document, strangers(), chance)
    try {
      const parsed = parseProfile(document)
      if (parsed.kind === 'faults')
        assert.ok(parsed.faults.length > 0 && parsed.faults.length <= 100)
    } catch (error) {
      assert.fail(`seed ${seed}, round ${round}: ${error}`)
    }
  }
  for (const value of strangers()) assert.ok(faultsOf(value).length > 0)
})

/** What no document holds; fresh, as what is set into a document may be changed there. */
function strangers(): readonly unknown[] {
  const strange: unknown[] = [
    ...[
      null,
      undefined,
      true,
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2n ** 70n,
      Symbol('x'),
      () => 1,
    ],
    ...[
      '',
      ' ',
      'x'.repeat(100_000),
      '\ud800',
      '\0',
      '{serial}',
      '{',
      '1.3.6.1',
      '99991231235959Z',
      '*',
    ],
    ...[
      [],
      [[]],
      {},
      { a: {} },
      new Map(),
      new Date(0),
      new Uint8Array(3),
      new Array(5),
      Object.create(null),
    ],
  ]
  const cyclic: Json = {}
  cyclic.self = cyclic
  strange.push(cyclic)
  return strange
}

/** Sets, removes or adds a member somewhere in the tree. */
function mutate(tree: object, strange: readonly unknown[], chance: (below: number) => number) {
  const names = Object.keys(tree)
  const name = names[chance(names.length + 1)]
  const child: unknown = name === undefined ? undefined : Reflect.get(tree, name)
  if (name === undefined) Reflect.set(tree, `x${chance(10)}`, strange[chance(strange.length)])
  else if (isTree(child) && chance(3) > 0) mutate(child, strange, chance)
  else if (chance(4) === 0) Reflect.deleteProperty(tree, name)
  else Reflect.set(tree, name, strange[chance(strange.length)])
}

function isTree(value: unknown): value is object {
  return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]'
}

/** Numbers from 0 up to a bound, repeatable from the seed (mulberry32). */
function generator(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
