// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { retire } from '#core/devices/life.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { sameBytes } from '#format/bytes.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { sha256 } from '#trust/digest.ts'
import { validatePath } from '#trust/path.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import { askEst, type EstAnswer, type EstAsked, type Played, requestBy } from './est-call.ts'
import { rootsOf } from './installation-checks.ts'
import type { QualificationParts } from './qualify.ts'
import { type Check, type Seen, seen } from './step.ts'

/** Two devices on a stage: what one check makes, a later one uses. */
interface Stage {
  readonly product: Product
  readonly first: Device
  readonly second: Device
  readonly code: string
  readonly key: KeyPair
  /** The first device's only request. */
  readonly request: Uint8Array
  identity?: Played
}

/**
 * What an installation must do: OQ. Devices of their own are played against the real doors over TLS.
 *
 * @throws Error if the stage cannot be set
 */
export async function operationChecks(
  parts: QualificationParts,
  productName: string,
  actor: Actor,
): Promise<readonly Check[]> {
  const stage = await setStage(parts, productName, actor)
  const asked = { ...askedOf(parts), label: doorOf(stage, parts) }
  const ask = (
    more: Omit<EstAsked, 'url' | 'ca' | 'label' | 'operation'> & { operation?: string },
  ) => askEst({ ...asked, operation: 'simpleenroll', ...more })
  const withCode = { user: stage.first.serial, code: stage.code }
  return [
    refusal('a stranger', 'a request without any proof', 401, 'credential-missing', () =>
      ask({ request: stage.request }),
    ),
    refusal('a wrong code', 'a code that nobody made', 401, 'code-wrong', () =>
      ask({ request: stage.request, code: { ...withCode, code: wrongCode(stage.code) } }),
    ),
    refusal(
      'no possession',
      'a request that another key signed',
      400,
      'possession-not-proved',
      async () => {
        const other = await generateKey('p-256')
        const request = await requestBy(stage.key, {}, other.privateKey)
        return ask({ request, code: withCode })
      },
    ),
    refusal('a weak key', 'a request with a key of RSA 1024', 400, 'key-', async () => {
      const request = Uint8Array.fromBase64(weakRequest)
      return ask({ request, code: withCode })
    }),
    {
      title: 'enrolment',
      expected:
        'a code and a sound request give a certificate that leads to the root and names the device',
      see: async () => {
        const answer = await ask({ request: stage.request, code: withCode })
        if (answer.certificate === undefined) return seen(false, told(answer))
        stage.identity = { key: stage.key, certificate: answer.certificate }
        return leadsToRoot(answer.certificate, stage.first.serial, parts)
      },
    },
    {
      title: 'repetition',
      expected: 'the same request again gives the same certificate, and none is made twice',
      see: async () => {
        const answer = await ask({ request: stage.request, code: withCode })
        const same = sameBytes(answer.certificate ?? new Uint8Array(), need(stage).certificate)
        return seen(same, same ? 'the same bytes' : told(answer))
      },
    },
    refusal('a spent code', 'the code with another key', 401, 'code-used', async () =>
      ask({ request: await requestBy(await generateKey('p-256')), code: withCode }),
    ),
    refusal(
      "another's key",
      "a second device with the first one's key",
      403,
      'key-has-another-owner',
      async () => {
        const code = await codeFor(stage.second, parts, actor)
        return ask({ request: stage.request, code: { user: stage.second.serial, code } })
      },
    ),
    {
      title: 'renewal',
      expected:
        'the certificate gives the next one for the same subject, or the profile says too early',
      see: async () => {
        const renewal = await renewalOf(stage)
        const answer = await ask({ operation: 'simplereenroll', ...renewal })
        if (answer.body.startsWith('renewal-too-early')) return seen(true, told(answer))
        if (answer.certificate === undefined) return seen(false, told(answer))
        const before = parseCertificate(renewal.identity.certificate)
        const next = parseCertificate(answer.certificate)
        const isNew = !sameBytes(before.serialNumber, next.serialNumber)
        const isSame = sameBytes(before.subject.der, next.subject.der)
        return seen(isNew && isSame, `number ${next.serialNumber.toHex()}, same subject ${isSame}`)
      },
    },
    {
      title: 'revocation',
      expected: 'a revoked certificate is refused at once, and its list names it',
      see: () =>
        revokedSeen(stage, parts, actor, async () =>
          ask({ operation: 'simplereenroll', ...(await renewalOf(stage)) }),
        ),
    },
    {
      title: 'retirement',
      expected: 'devices that are retired are refused whatever they bring',
      see: async () => {
        for (const { id } of [stage.first, stage.second]) {
          const device = await parts.core.ledger.read('device', id)
          if (device) await retire(device, 'end of the qualification', actor, parts.core)
        }
        const answer = await ask({ request: stage.request, code: withCode })
        return seen(answer.status >= 400, told(answer))
      },
    },
    {
      title: 'the log',
      expected: 'all of this is in it, and it verifies whole',
      see: async () => {
        const { good, size, findings } = await parts.verifyLog()
        const told = await parts.eventsAbout(stage.first.id)
        const wanted = ['device-added', 'code-made', 'certificate-issued', 'device-retired']
        const missing = wanted.filter((type) => !told.includes(type))
        return seen(
          good && missing.length === 0,
          `${size} events, ${findings} findings, ${missing.length === 0 ? 'nothing' : missing.join(', ')} missing`,
        )
      },
    },
  ]
}

function refusal(
  title: string,
  what: string,
  status: number,
  reason: string,
  ask: () => Promise<EstAnswer>,
): Check {
  return {
    title,
    expected: `${what} is refused: ${status}, ${reason}`,
    see: async () => {
      const answer = await ask()
      return seen(answer.status === status && answer.body.startsWith(reason), told(answer))
    },
  }
}

/** The code with another first sign. */
function wrongCode(code: string): string {
  return `${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`
}

function told({ status, body }: EstAnswer): string {
  return `${status} ${body.trim().slice(0, 120)}`
}

async function setStage(
  parts: QualificationParts,
  productName: string,
  actor: Actor,
): Promise<Stage> {
  const { core } = parts
  const known = await core.ledger.find('product', 'name', [productName])
  const product = known ?? (await newProduct(productName, parts, actor))
  const mark = core.random.bytes(4).toHex().toUpperCase()
  const [first, second] = await Promise.all(
    ['A', 'B'].map((letter) => newDevice(`OQ-${mark}-${letter}`, product, parts, actor)),
  )
  if (first === undefined || second === undefined) throw new Error('the stage has no devices')
  const key = await generateKey('p-256')
  return {
    ...{ product, first, second, key, request: await requestBy(key) },
    code: await codeFor(first, parts, actor),
  }
}

async function newProduct(name: string, { core }: QualificationParts, actor: Actor) {
  const asked = { name, exposure: 'none', maker: undefined } as const
  const added = await addProduct(asked, actor, core)
  if (added.kind === 'added') return added.product
  // Nobody has named the maker yet: then it is an installation that nobody uses.
  const named = await addProduct({ ...asked, maker: 'Qualification' }, actor, core)
  if (named.kind === 'refused') throw new Error(named.detail)
  return named.product
}

async function newDevice(
  serial: string,
  product: Product,
  { core }: QualificationParts,
  actor: Actor,
) {
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice({ serial, ...particulars }, product, actor, core)
  if (added.kind === 'refused') throw new Error(added.detail)
  return added.device
}

async function codeFor(
  device: Device,
  { core }: QualificationParts,
  actor: Actor,
): Promise<string> {
  const made = await newCode(device, 1, actor, core)
  if (made.kind === 'refused') throw new Error(made.detail)
  return made.text
}

function askedOf({ core, facts }: QualificationParts) {
  return { url: facts.addresses().devices, ca: rootsOf(core) }
}

/** The label of the product's door for working identities. */
function doorOf({ product }: Stage, { core }: QualificationParts): string {
  const door = core.doors.for(product.id, undefined)
  if ('kind' in door) throw new Error(door.detail)
  return door.entrance.label
}

function need({ identity }: Stage): Played {
  if (identity === undefined) throw new Error('the enrolment before it failed')
  return identity
}

function leadsToRoot(der: Uint8Array, serial: string, { core }: QualificationParts): Seen {
  const leaf = parseCertificate(der)
  const own = core.doors.own.map(({ kind, certificate }) => ({
    kind,
    certificate: parseCertificate(certificate, { unknownCritical: 'keep' }),
  }))
  const anchors = own
    .filter(({ kind }) => kind === 'root')
    .flatMap(({ certificate }) => {
      const read = anchorOf(certificate)
      return read.kind === 'anchor' ? [read.anchor] : []
    })
  const path = validatePath({
    ...{ leaf, intermediates: own.map(({ certificate }) => certificate), anchors },
    ...{ at: core.clock.now(), purpose: 'device' },
  })
  if (path.kind === 'refused') return seen(false, `${path.reason}: ${path.detail}`)
  const names = new TextDecoder('latin1').decode(leaf.subject.der).includes(serial)
  return seen(names, `${serial}, ${path.path.certificates.length} certificates below the root`)
}

async function revokedSeen(
  stage: Stage,
  { core }: QualificationParts,
  actor: Actor,
  renew: () => Promise<EstAnswer>,
): Promise<Seen> {
  const { certificate } = need(stage)
  const record = await core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  if (record === undefined) return seen(false, 'the ledger does not know the certificate')
  const done = await revoke(
    { id: record.id, reason: 'superseded', because: 'qualification' },
    actor,
    core,
  )
  if (done.kind === 'refused') return seen(false, done.detail)
  const answer = await renew()
  const authority = await core.ledger.read('authority', record.authority)
  const list = authority && (await core.shelf.read(authority.name, record.shard))
  const listed = list !== undefined && isListed(list.der, record.serialNumber)
  const refused = answer.status === 403 && answer.body.startsWith('certificate-revoked')
  return seen(refused && listed, `${told(answer)}; listed ${listed}`)
}

function isListed(der: Uint8Array, serialNumber: Uint8Array): boolean {
  for (const entry of parseCrl(der).revoked)
    if (sameBytes(entry.serialNumber, serialNumber)) return true
  return false
}

/** Subject and alternative names as they are, to the byte (RFC 7030 section 4.2.2). */
async function renewalOf(stage: Stage) {
  const identity = need(stage)
  const { subject, extensions } = parseCertificate(identity.certificate)
  const names = extensions.filter(({ oid }) => oid === extensionCodecs.subjectAltName.oid)
  return { request: await requestBy(stage.key, { subject, extensions: names }), identity }
}

/** PKCS #10, RSA 1024, SHA-256, made with openssl for this check; its key is nobody's. */
const weakRequest =
  'MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDA3qxs8cU14tB6uz/90i2ZtKLFL1my7XBXj6+/zCh74gKD2QvZmxTk3PKQx4ZQjgJrZon9/FfYgZmLjuDCXrF15IVzysTwaakM4rHEw7nBg9U16UvKBe3EmFBa2y4o+o+uB1wGptPMSBofhxCBH5OqGkx4tXNeQPhwL3MGCV2rdQIDAQABoAAwDQYJKoZIhvcNAQELBQADgYEAjyQmPgHW8Nr7qUNSOyEbRrCHNcePm2zqRq84hEhshiiuDzcFnGRfaFLAf2/C+femmfr1pkEmFHqjqCuWi3W6oHgB9+9hmYVTDK3tHcArvyEJfnffop7G7kvyCv9KM1DqnGHqGy3iYBBOCpaH+dnHxETm0aGOwFAU8rCmMINh2+8='
