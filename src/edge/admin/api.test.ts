// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyBaseLogger } from 'fastify'
import { Fault } from '#core/fault.ts'
import { refusals } from '#core/refusal.ts'
import { fieldsOf, type Operation, takesBody } from '#format/admin/operation.ts'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { openStore } from '../store/open-store.ts'
import {
  claimed,
  joined,
  origin,
  passphrase,
  type Stage,
  TestClient,
  type TestHouse,
  TestPorts,
  withHouse,
} from './admin-testing.ts'
import { localDoor } from './doors/local.ts'
import { operatorDoor } from './doors/operator.ts'
import { limits } from './limits.ts'
import { RememberedAnswers } from './requests/idempotency.ts'
import type { Verbs } from './verbs.ts'

function testHouse(rule: string, work: (stage: Stage) => Promise<void>) {
  test(rule, () => withHouse(openStore, work))
}

/** A path of an operation with ids that nothing bears. */
function somePath(row: Operation): string {
  return row.path.replace(/:(\w+)/g, (_, name: string) => {
    const prefix = {
      device: 'dev',
      person: 'psn',
      product: 'prd',
      machine: 'mch',
      certificate: 'crt',
      authority: 'aut',
    }[name]
    return prefix === undefined ? 'word' : `${prefix}_${'0'.repeat(32)}`
  })
}

testHouse(
  'every operation but the public ones asks a stranger to prove who they are',
  async ({ browser }) => {
    for (const name of operationNames) {
      const row = operationOf(name)
      if (row.role === 'public') continue
      const answer = await browser().ask(row.method, somePath(row))
      const expected =
        row.doors?.includes('operator') === false ? 'not-permitted' : 'credential-missing'
      assert.equal(answer.document?.code, expected, name)
    }
  },
)

testHouse('every operation is refused to the roles below its own', async (stage) => {
  const ada = await claimed(stage)
  const otto = await joined(stage, ada, 'Otto', 'operator')
  const ina = await joined(stage, ada, 'Ina', 'auditor')
  for (const name of operationNames) {
    const row = operationOf(name)
    if (row.doors?.includes('operator') === false) continue
    const mayNot = {
      ...{ administrator: [otto, ina], operator: [ina], auditor: [] },
      // What a verifier may, all people may; doors.test.ts tries what he may not.
      ...{ verifier: [], public: [] },
    }[row.role]
    for (const client of mayNot) {
      const answer = await client.ask(row.method, somePath(row))
      assert.deepEqual([answer.status, answer.document.code], [403, 'not-permitted'], name)
    }
  }
  const told = stage.house.told.filter((one) => one.reason === 'not-permitted')
  assert.ok(told.length > 10 && told.every((one) => one.subjects.length === 1))
})

testHouse('every operation refuses an input that it does not know', async ({ house }) => {
  const local = new TestClient(await house.localApi())
  for (const name of operationNames) {
    const row = operationOf(name)
    if (row.doors?.includes('local') === false) continue
    const inQuery = row.method !== 'POST' || takesBody(row)
    const path = `${somePath(row)}${inQuery ? '?colour=red' : ''}`
    const type = row.uploadType ?? 'text/csv'
    const csv = takesBody(row) ? { 'content-type': type } : undefined
    const body = csv === undefined ? (inQuery ? undefined : { colour: 'red' }) : 'serial'
    const answer = await local.ask(row.method, path, body, csv)
    assert.equal(answer.status, 400, `${name} ${answer.text}`)
    assert.equal(answer.document.code, 'input-wrong', name)
    const faults = answer.document.faults.map((one: { path: string }) => one.path)
    assert.ok(faults.includes('colour'), name)
    for (const [input, field] of fieldsOf(row)) {
      if (field.required && !row.path.includes(`:${input}`))
        assert.ok(faults.includes(input), `${name} ${input}`)
    }
  }
})

testHouse(
  'a problem names the refusal, the inputs and the request, and never repeats a value',
  async ({ local }) => {
    const answer = await local.ask('POST', '/claim', {
      name: ' blank at both ends ',
      passphrase: 12345678,
      maker: 'x'.repeat(101),
      token: 'sesame-open',
    })
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    assert.deepEqual(
      { ...answer.document, instance: '' },
      {
        type: '/api/v1/words/input-wrong',
        title: 'input wrong',
        status: 400,
        code: 'input-wrong',
        detail:
          'token: not the token of a link; name: not printable text without blanks at its ends; passphrase: must be a string; maker: is too large: at most 100 characters',
        instance: '',
        faults: [
          { path: 'token', fault: 'not the token of a link' },
          { path: 'name', fault: 'not printable text without blanks at its ends' },
          { path: 'passphrase', fault: 'must be a string' },
          { path: 'maker', fault: 'is too large: at most 100 characters' },
        ],
      },
    )
    assert.equal(answer.document.instance, `urn:request:${answer.headers['x-request-id']}`)
  },
)

testHouse(
  'what is no request of this API is refused in its own form',
  async ({ local, browser }) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const [asked, status, code] of [
      [local.ask('GET', '/nothing'), 404, 'operation-unknown'],
      [local.ask('POST', '/status', {}), 404, 'operation-unknown'],
      [
        local.ask('POST', '/claim/link', '{"a":', { 'content-type': 'application/json' }),
        400,
        'request-malformed',
      ],
      [
        local.ask('POST', '/claim/link', '{"__proto__":{}}', {
          'content-type': 'application/json',
        }),
        400,
        'request-malformed',
      ],
      [local.ask('POST', '/claim', 'name=Ada', form), 415, 'media-type-wrong'],
      [
        local.ask('POST', '/claim', 'Ada', { 'content-type': 'text/plain' }),
        415,
        'media-type-wrong',
      ],
      [
        local.ask('POST', '/claim', 'serial', { 'content-type': 'text/csv' }),
        415,
        'media-type-wrong',
      ],
      [
        local.ask('POST', '/claim', '[]', { 'content-type': 'application/json' }),
        400,
        'input-wrong',
      ],
      [
        local.ask('POST', '/claim', { name: 'x'.repeat(limits.bodyBytes) }),
        413,
        'request-too-large',
      ],
      [local.ask('GET', '/devices/PUMP-0001'), 400, 'input-wrong'],
      [
        local.ask('POST', `/devices/dev_${'0'.repeat(32)}/retire`, { device: 'x', reason: 'why' }),
        400,
        'input-wrong',
      ],
      [local.ask('GET', '/devices?limit=ten'), 400, 'input-wrong'],
      [local.ask('GET', '/devices?lot=a&lot=b'), 400, 'input-wrong'],
      [
        browser().ask('POST', '/people', { name: 'x'.repeat(limits.bodyBytes) }),
        401,
        'credential-missing',
      ],
    ] as const) {
      const answer = await asked
      assert.deepEqual([answer.status, answer.document?.code], [status, code], answer.text)
    }
  },
)

testHouse('a repetition with the same Idempotency-Key gets the same answer', async (stage) => {
  await stage.house.addAuthority()
  const ada = await claimed(stage)
  const eve = await joined(stage, ada, 'Eve', 'administrator')
  const key = { 'idempotency-key': 'one' }
  const add = (client: TestClient, name = 'Pump', headers: Record<string, string> = key) =>
    client.ask('POST', '/products', { name }, headers)
  const [first, second] = await Promise.all([add(ada), add(ada)])
  assert.deepEqual([first.status, second.status], [201, 201])
  assert.deepEqual(first.document, second.document)
  assert.equal((await add(ada)).document.product.id, first.document.product.id)
  assert.equal((await add(ada, 'Lamp')).document.code, 'conflict')
  assert.equal((await add(eve)).document.code, 'exists-already', 'a key is its caller’s own')
  assert.equal((await add(ada, 'Pump', {})).document.code, 'exists-already')
  assert.equal((await add(ada, 'Tube', { 'idempotency-key': '' })).document.code, 'input-wrong')
  stage.house.ports.pass({ minutes: limits.rememberedAnswerMinutes })
  assert.equal((await add(ada)).document.code, 'exists-already', 'forgotten')
})

test('remembered answers are bounded in time and number, and refusals are not kept', async () => {
  const ports = new TestPorts()
  const answers = new RememberedAnswers(ports.clock)
  let done = 0
  const once = (key: string, isKept = true) =>
    answers.once(
      { caller: 'psn', operation: 'x', key },
      {},
      async () => ++done,
      () => isKept,
    )
  assert.equal(await once('a', false), 1)
  assert.equal(await once('a'), 2)
  assert.equal(await once('a'), 2)
  for (let count = 1; count < limits.rememberedAnswers; count++) await once(`k${count}`)
  const before = done
  await once('b')
  assert.equal(await once('a'), before + 2, 'the oldest went')
  ports.pass({ minutes: limits.rememberedAnswerMinutes })
  assert.equal(await once('b'), before + 3)
  await assert.rejects(
    answers.once(
      { caller: 'psn', operation: 'x', key: 'c' },
      {},
      () => Promise.reject(new Error('broken')),
      () => true,
    ),
    /broken/,
  )
  assert.equal(await once('c'), before + 4)
})

testHouse(
  'a source that asks too much is told to wait, but not the local administrator',
  async ({ browser, local, house }) => {
    const client = browser()
    let answer = await client.ask('GET', '/session')
    for (let count = 1; count <= limits.requestsPerMinute; count++) {
      assert.equal(answer.document.code, 'credential-missing')
      answer = await client.ask('GET', '/session')
    }
    assert.deepEqual([answer.status, answer.document.code], [429, 'rate-limited'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.ok(house.told.some((one) => one.reason === 'rate-limited' && one.source === '127.0.0.1'))
    const digests = `/releases/rel_${'0'.repeat(32)}/digests`
    const program = await client.ask('POST', digests, {})
    assert.equal(program.document.code, 'credential-missing', 'programs ask for digests faster')
    assert.equal((await local.ask('GET', '/session')).status, 200)
  },
)

/** The API at the local door with one verb replaced. */
async function withVerb<N extends keyof Verbs>(
  house: TestHouse,
  name: N,
  verb: Verbs[N],
  logger?: FastifyBaseLogger,
) {
  house.verbs = { ...house.verbs, [name]: verb }
  return new TestClient(await house.api(localDoor(), undefined, logger))
}

testHouse(
  'a break is logged with its cause and told by nothing but the request id',
  async ({ house }) => {
    const written: string[] = []
    const cause = new Error('disk on fire')
    const local = await withVerb(
      house,
      'status',
      () => Promise.reject(new Fault('ledger-damaged', 'page 7 is torn', { cause })),
      collecting(written),
    )
    const answer = await local.ask('GET', '/status')
    assert.deepEqual([answer.status, answer.document.code], [500, 'broken'])
    assert.ok(!answer.text.includes('page 7'))
    const requestId = String(answer.headers['x-request-id'])
    assert.equal(house.troubles[0]?.requestId, requestId)
    assert.ok(written.some((line) => line.includes('page 7 is torn') && line.includes(requestId)))
  },
)

testHouse('a stream that breaks is reported and cut', async ({ house }) => {
  const local = await withVerb(house, 'log.export', async () =>
    (async function* () {
      yield { kind: 'end' as const, entries: 0 }
      throw new Fault('ledger-damaged', 'page 8 is torn')
    })(),
  )
  await local.ask('GET', '/log/export').catch(() => {})
  assert.deepEqual(
    house.troubles.map(({ path, cause }) => [path, String(cause)]),
    [['/api/v1/log/export', 'Fault: page 8 is torn']],
  )
})

testHouse('on a full disk people still look, and cannot change', async (stage) => {
  const ada = await claimed(stage)
  stage.house.ports.pass({ minutes: 20 })
  stage.house.isFull = true
  assert.equal((await ada.ask('GET', '/people')).status, 200)
  const change = await ada.ask('POST', '/people', { name: 'Otto', role: 'auditor' })
  assert.deepEqual([change.status, change.document.code], [507, 'store-full'])
  stage.house.isFull = false
  assert.equal((await ada.ask('POST', '/people', { name: 'Otto', role: 'auditor' })).status, 201)
})

testHouse('a full disk and an unreachable store are told apart', async ({ house }) => {
  const full = await withVerb(house, 'status', () =>
    Promise.reject(new Fault('store-full', 'no space')),
  )
  const answer = await full.ask('GET', '/status')
  assert.deepEqual([answer.status, answer.document.code], [507, 'store-full'])
  const away = await withVerb(house, 'status', () =>
    Promise.reject(new Fault('store-unreachable', 'gone')),
  )
  const { status, document } = await away.ask('GET', '/status')
  assert.equal(status, 503)
  assert.match(
    `${document.detail}`,
    /^the database cannot be reached, .* by itself when it is back$/,
  )
})

testHouse('an answer shows only what the table names', async ({ house }) => {
  const local = await withVerb(house, 'explain', async () => {
    const leaky = {
      word: 'code',
      means: 'a one-time secret',
      remedy: null,
      standard: null,
      secret: 'sesame',
    }
    return leaky
  })
  const answer = await local.ask('GET', '/words/code')
  assert.equal(answer.status, 200)
  assert.ok(!answer.text.includes('sesame'))
})

testHouse('lines are sent one a line as they come', async ({ house }) => {
  const local = await withVerb(house, 'log.export', async () =>
    (async function* () {
      yield { kind: 'head' as const, origin: 'o', key: 'k', checkpoint: 'c' }
      yield { kind: 'end' as const, entries: 0 }
    })(),
  )
  const answer = await local.ask('GET', '/log/export')
  assert.equal(answer.text.split('\n').length, 3)
})

testHouse('operations of other rooms are bound too', async ({ local, house }) => {
  for (const [method, path, body] of [
    ['GET', '/status'],
    ['GET', '/doctor?production=true'],
    ['GET', '/words/code'],
    ['GET', '/log?limit=5'],
    ['GET', '/log/export'],
    ['POST', '/log/verify', {}],
    ['POST', '/profiles', { document: {} }],
    ['POST', '/profiles/check', { document: {} }],
    ['POST', '/profiles/diff', { document: {} }],
    [
      'POST',
      `/certificates/crt_${'0'.repeat(32)}/revoke`,
      { reason: 'superseded', because: 'a test' },
    ],
    [
      'POST',
      '/authorities',
      { name: 'Chips', certificate: 'x', products: [`prd_${'0'.repeat(32)}`] },
    ],
  ] as const) {
    const answer = await local.ask(method, path, body)
    assert.deepEqual([answer.status, answer.document.code], [501, 'not-implemented'], path)
  }
  let asked: unknown
  const doctor = await withVerb(house, 'doctor', async (input) => {
    asked = input
    return { good: true, findings: [] }
  })
  await doctor.ask('GET', '/doctor?production=true')
  assert.deepEqual(asked, { production: true })
})

/** A logger that keeps what it is told, as pino would write it. */
function collecting(written: string[]): FastifyBaseLogger {
  const write = (...words: unknown[]) =>
    void written.push(
      JSON.stringify(words, (_key, value) =>
        value instanceof Error ? `${value.stack} ${String(value.cause)}` : shortened(value),
      ),
    )
  const logger: FastifyBaseLogger = {
    level: 'trace',
    info: write,
    error: write,
    debug: write,
    fatal: write,
    warn: write,
    trace: write,
    silent: () => {},
    child: (bindings) => {
      write(bindings)
      return logger
    },
  }
  return logger
}

/** What pino's usual serialisers leave of a request and an answer. */
function shortened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('raw' in value)) return value
  return { method: Reflect.get(value, 'method'), url: Reflect.get(value, 'url') }
}

testHouse(
  'no log line holds a passphrase, a token, a code or a cookie',
  async ({ house, local }) => {
    const written: string[] = []
    const { ledger, ports } = house
    await house.addAuthority()
    const door = operatorDoor({
      ledger,
      clock: ports.clock,
      random: ports.random,
      origins: [origin],
    })
    const api = await house.api(door, undefined, collecting(written))
    const client = new TestClient(api)
    const { token } = (await local.ask('POST', '/claim/link', {})).document
    await client.ask('POST', '/claim', { token, name: 'Ada', passphrase, maker: 'Acme' })
    await client.ask('POST', '/session', { name: 'Ada', passphrase: 'a wrong passphrase' })
    const { product } = (await client.ask('POST', '/products', { name: 'Pump' })).document
    const device = (await client.ask('POST', '/devices', { product: product.id, serial: 'P-1' }))
      .document
    const { code } = (await client.ask('POST', '/codes', { device: device.id })).document
    const { link } = (await client.ask('POST', '/people', { name: 'Otto', role: 'auditor' }))
      .document
    await api.close()
    const log = written.join('\n')
    assert.ok(log.includes('/api/v1/codes'))
    for (const secret of [
      passphrase,
      'a wrong passphrase',
      token,
      code,
      link.token,
      client.cookie.split('=')[1]!,
    ]) {
      assert.ok(!log.includes(secret), secret)
    }
  },
)

testHouse('the description is OpenAPI 3.1, complete and consistent', async ({ browser }) => {
  const { document, status } = await browser().ask('GET', '/openapi.json')
  assert.equal(status, 200)
  assert.equal(document.openapi, '3.1.0')
  const seen: string[] = []
  for (const [path, methods] of Object.entries<Record<string, OpenApiOperation>>(document.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    for (const [method, operation] of Object.entries(methods)) {
      seen.push(operation.operationId)
      assert.match(method, /^(get|head|post|patch|delete)$/)
      assert.ok(operation.summary && operation.description && operation.tags.length === 1)
      const described = operation.parameters
        .filter((one) => one.in === 'path')
        .map((one) => one.name)
      assert.deepEqual(described, inPath, path)
      for (const parameter of operation.parameters) {
        assert.ok(parameter.schema && parameter.description, `${path} ${parameter.name}`)
        assert.match(parameter.in, /^(path|query|header)$/)
      }
      assert.ok(method !== 'get' || operation.requestBody === undefined)
      assert.ok(Object.keys(operation.responses).some((code) => code.startsWith('20')))
    }
  }
  // What may be asked by HEAD stands twice.
  assert.deepEqual(seen.filter((id) => !id.endsWith('.head')).sort(), [...operationNames])
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)]
  for (const [, pointer = ''] of references) {
    let value = document
    for (const part of pointer.split('/')) value = value[part]
    assert.ok(value !== undefined, pointer)
  }
  assert.ok(!JSON.stringify(document).includes('$schema'))
  const codes = document.components.schemas.Problem.properties.code.enum
  assert.ok(refusals.every((refusal) => codes.includes(refusal)))
})

interface OpenApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly parameters: readonly {
    readonly in: string
    readonly name: string
    readonly description: string
    readonly schema: object
  }[]
  readonly requestBody?: object
  readonly responses: object
}
