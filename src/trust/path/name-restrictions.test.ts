// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { parseNameText } from '#format/x509/name.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { validatePath } from '../path.ts'

const [root, issuing, other, device] = (await Promise.all(
  ['CN=Root', 'CN=Issuing,O=Maker', 'CN=Other,O=Maker', 'CN=PUMP-0001,O=Maker'].map((name) =>
    makeEntity(name),
  ),
)) as [Entity, Entity, Entity, Entity]

const dns = (value: string): GeneralName => ({ kind: 'dns', value })
const email = (value: string): GeneralName => ({ kind: 'email', value })
const uri = (value: string): GeneralName => ({ kind: 'uri', value })
const ip = (hex: string): GeneralName => ({ kind: 'ip', bytes: Uint8Array.fromHex(hex) })
const directory = (text: string): GeneralName => ({ kind: 'directory', name: parseNameText(text) })

interface Constraints {
  readonly permitted?: readonly GeneralName[]
  readonly excluded?: readonly GeneralName[]
}

function constrain({ permitted = [], excluded = [] }: Constraints): Extension {
  return encodeExtension('nameConstraints', {
    permitted: permitted.map((base) => ({ base })),
    excluded: excluded.map((base) => ({ base })),
  })
}

function alternative(...names: readonly GeneralName[]): Extension {
  return encodeExtension('subjectAltName', names)
}

/** Whether a leaf with these names may stand below an authority with these constraints. */
async function wordFor(
  constraints: Constraints,
  names: readonly GeneralName[],
  subject: Entity = device,
): Promise<string> {
  const intermediates = [await certifyAuthority(issuing, root, [constrain(constraints)])]
  const extensions = names.length === 0 ? [] : [alternative(...names)]
  return validate(await certify(subject, issuing, { extensions }), intermediates)
}

async function validate(
  leaf: Awaited<ReturnType<typeof certify>>,
  intermediates: readonly Awaited<ReturnType<typeof certify>>[],
  above: readonly Extension[] = [],
): Promise<string> {
  const result = validatePath({
    leaf,
    intermediates,
    anchors: [makeAnchor(await certifyAuthority(root, root, above))],
    at: madeNow,
    purpose: 'device',
  })
  return result.kind === 'refused' ? result.reason : result.kind
}

/** Constraint, names that lie within, names that do not; RFC 5280 section 4.2.1.10. */
const rows: [string, GeneralName, GeneralName[], GeneralName[]][] = [
  [
    'a domain and all below it',
    dns('host.example.com'),
    [
      dns('host.example.com'),
      dns('my.host.example.com'),
      dns('HOST.Example.COM'),
      dns('*.host.example.com'),
    ],
    [
      dns('host1.example.com'),
      dns('ahost.example.com'),
      dns('example.com'),
      dns('host.example.com.evil.org'),
    ],
  ],
  [
    'with a leading dot, only what lies below a domain',
    dns('.example.com'),
    [dns('a.example.com'), dns('b.a.example.com')],
    [dns('example.com'), dns('aexample.com')],
  ],
  ['an empty domain is every domain', dns(''), [dns('example.com')], []],
  [
    'one mailbox',
    email('root@example.com'),
    [email('root@example.com'), email('root@EXAMPLE.com')],
    [email('Root@example.com'), email('root@sub.example.com'), email('toor@example.com')],
  ],
  [
    'all mailboxes of one host',
    email('example.com'),
    [email('a@example.com'), email('b@EXAMPLE.COM')],
    [email('a@sub.example.com'), email('a@example.com.org')],
  ],
  [
    'all mailboxes of a domain, not of the host of that name',
    email('.example.com'),
    [email('a@sub.example.com')],
    [email('a@example.com'), email('a@evilexample.com')],
  ],
  [
    'URIs of one host',
    uri('host.example.com'),
    [
      uri('https://host.example.com/a'),
      uri('http://user@HOST.example.com:8080?x'),
      uri('coap://host.example.com'),
    ],
    [
      uri('https://a.host.example.com/'),
      uri('https://host.example.com@evil.org/'),
      uri('https://evil.org/host.example.com'),
    ],
  ],
  [
    'URIs of a domain',
    uri('.example.com'),
    [uri('https://a.example.com/'), uri('https://b.a.example.com#x')],
    [uri('https://example.com/'), uri('https://a.example.com.org')],
  ],
  [
    'a subnet of IPv4',
    ip('c0000200ffffff00'),
    [ip('c0000200'), ip('c00002ff')],
    [ip('c0000300'), ip(`${'00'.repeat(10)}ffffc0000201`)],
  ],
  [
    'a subnet of IPv6',
    ip(`20010db8${'00'.repeat(12)}ffffffff${'00'.repeat(12)}`),
    [ip(`20010db8${'01'.repeat(12)}`)],
    [ip(`20010db9${'00'.repeat(12)}`), ip('20010db8')],
  ],
  [
    'a branch of the directory',
    directory('CN=a,O=Maker,C=NL'),
    [directory('CN=a,O=Maker,C=NL'), directory('serialNumber=1,CN=A,O=maker,C=NL')],
    [directory('O=Maker,C=NL'), directory('CN=b,O=Maker,C=NL'), directory('CN=a,O=Maker,C=DE')],
  ],
]

for (const [what, base, within, outside] of rows) {
  // The subject is a directory name too, so a constraint of that form names its branch beside.
  const subjects = base.kind === 'directory' ? [directory('O=Maker')] : []

  test(`${base.kind}: ${what}, permitted`, async () => {
    const constraints = { permitted: [base, ...subjects] }
    for (const name of within) assert.equal(await wordFor(constraints, [name]), 'valid', show(name))
    for (const name of outside)
      assert.equal(await wordFor(constraints, [name]), 'name-not-permitted', show(name))
  })

  test(`${base.kind}: ${what}, excluded`, async () => {
    const constraints = { excluded: [base] }
    for (const name of within)
      assert.equal(await wordFor(constraints, [name]), 'name-not-permitted', show(name))
    for (const name of outside)
      assert.equal(await wordFor(constraints, [name]), 'valid', show(name))
  })
}

function show(name: GeneralName): string {
  return 'value' in name ? String(name.value) : JSON.stringify(name)
}

test('one name outside is enough to refuse', async () => {
  const constraints = { permitted: [dns('example.com')] }
  const names = [dns('a.example.com'), dns('evil.org')]
  assert.equal(await wordFor(constraints, names), 'name-not-permitted')
})

test('a name that is permitted and excluded is excluded', async () => {
  const constraints = { permitted: [dns('example.com')], excluded: [dns('a.example.com')] }
  assert.equal(await wordFor(constraints, [dns('x.a.example.com')]), 'name-not-permitted')
  assert.equal(await wordFor(constraints, [dns('b.example.com')]), 'valid')
})

test('a constraint says nothing of names of another form', async () => {
  const names = [dns('evil.org'), ip('01020304')]
  assert.equal(await wordFor({ permitted: [email('example.com')] }, names), 'valid')
  assert.equal(await wordFor({ permitted: [dns('example.com')] }, []), 'valid')
})

test('a wildcard that can stand for an excluded name is refused', async () => {
  const constraints = { excluded: [dns('secret.example.com')] }
  assert.equal(await wordFor(constraints, [dns('*.example.com')]), 'name-not-permitted')
  assert.equal(await wordFor(constraints, [dns('*.other.example.com')]), 'valid')
  assert.equal(await wordFor(constraints, [dns('*.com')]), 'valid')
})

test('a name whose syntax does not let it be judged is refused, permitted or excluded', async () => {
  const cases: [GeneralName, GeneralName[]][] = [
    [
      dns('example.com'),
      [dns('example.com.'), dns('a..example.com'), dns('exa mple.com'), dns('')],
    ],
    [email('example.com'), [email('example.com'), email('@example.com'), email('a@exa mple.com')]],
    [
      uri('.example.com'),
      [
        uri('urn:a:b'),
        uri('https://192.0.2.1/'),
        uri('https://[2001:db8::1]/'),
        uri('https:///a'),
        uri('https://a.example.com%2eorg/'),
      ],
    ],
  ]
  for (const [base, names] of cases)
    for (const name of names)
      for (const constraints of [{ permitted: [base] }, { excluded: [base] }])
        assert.equal(await wordFor(constraints, [name]), 'name-not-permitted', show(name))
})

test('a form that is constrained and not understood is refused where it appears', async () => {
  const hardware: GeneralName = {
    kind: 'hardwareModuleName',
    hardwareType: oid('1.3.6.1.4.1.99999.1'),
    serialNumber: Uint8Array.of(1),
  }
  const base: GeneralName = {
    kind: 'other',
    type: oid('1.3.6.1.4.1.99999.2'),
    value: Uint8Array.of(5, 0),
  }
  const registered: GeneralName = { kind: 'registeredId', oid: oid('1.3.6.1.4.1.99999.3') }
  for (const constraints of [{ permitted: [base] }, { excluded: [base] }]) {
    assert.equal(await wordFor(constraints, [hardware]), 'name-not-permitted')
    assert.equal(await wordFor(constraints, [registered]), 'valid')
  }
  assert.equal(await wordFor({ permitted: [registered] }, [registered]), 'name-not-permitted')
})

test('the subject is a name too, and so is a mail address in it', async () => {
  assert.equal(await wordFor({ permitted: [directory('O=Maker')] }, []), 'valid')
  assert.equal(await wordFor({ permitted: [directory('O=Another')] }, []), 'name-not-permitted')
  assert.equal(await wordFor({ excluded: [directory('O=Maker')] }, []), 'name-not-permitted')
  const person = await makeEntity('1.2.840.113549.1.9.1=a@evil.org,O=Maker')
  assert.equal(
    await wordFor({ permitted: [email('example.com')] }, [], person),
    'name-not-permitted',
  )
  assert.equal(await wordFor({ excluded: [email('example.com')] }, [], person), 'valid')
})

test('an empty subject is no name', async () => {
  const nameless = await makeEntity('')
  const constraints = { permitted: [directory('O=Maker'), dns('example.com')] }
  assert.equal(await wordFor(constraints, [dns('a.example.com')], nameless), 'valid')
})

test('what two authorities permit is what both permit', async () => {
  const upper = constrain({ permitted: [dns('example.com')] })
  const lower = constrain({ permitted: [dns('a.example.com'), dns('example.org')] })
  const intermediates = [
    await certifyAuthority(other, root, [upper]),
    await certifyAuthority(issuing, other, [lower]),
  ]
  for (const [name, word] of [
    ['x.a.example.com', 'valid'],
    ['b.example.com', 'name-not-permitted'],
    ['example.org', 'name-not-permitted'],
  ] as const) {
    const leaf = await certify(device, issuing, { extensions: [alternative(dns(name))] })
    assert.equal(await validate(leaf, intermediates), word, name)
  }
})

test('an authority’s own names are held to what stands above it', async () => {
  const upper = constrain({ excluded: [directory('O=Maker')] })
  const intermediates = [
    await certifyAuthority(other, root, [upper]),
    await certifyAuthority(issuing, other),
  ]
  const stranger = await makeEntity('CN=x')
  assert.equal(
    await validate(await certify(stranger, issuing), intermediates),
    'name-not-permitted',
  )
})

test('a self-issued authority is not held to the names, a self-issued leaf is', async () => {
  const upper = constrain({ excluded: [directory('O=Maker')] })
  const renewed = await makeEntity('CN=Other,O=Maker')
  const intermediates = [
    await certifyAuthority(other, root, [upper]),
    await certifyAuthority(renewed, other),
  ]
  const stranger = await makeEntity('CN=x')
  assert.equal(await validate(await certify(stranger, renewed), intermediates), 'valid')
  const namesake = await makeEntity('CN=Other,O=Maker')
  assert.equal(
    await validate(await certify(namesake, renewed), intermediates),
    'name-not-permitted',
  )
})

test('an anchor’s own constraints hold', async () => {
  const above = [constrain({ permitted: [dns('example.com')] })]
  const intermediates = [await certifyAuthority(issuing, root)]
  for (const [name, word] of [
    ['a.example.com', 'valid'],
    ['evil.org', 'name-not-permitted'],
  ] as const) {
    const leaf = await certify(device, issuing, { extensions: [alternative(dns(name))] })
    assert.equal(await validate(leaf, intermediates, above), word)
  }
})
