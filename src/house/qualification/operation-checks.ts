// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { Refused } from '#core/refusal.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { sameBytes } from '#format/bytes.ts'
import { attributeTypes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { attributeOf } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { validatePath } from '#trust/path.ts'
import { generateKey } from '#trust/private-key.ts'
import { askEst, type EstAnswer, type EstAsked, type Played, requestBy } from './est-call.ts'
import { chainOf, rootsOf } from './installation-checks.ts'
import type { QualificationParts } from './qualify.ts'
import { codeFor, leaving, openStage, type PlayAsked, type Stage } from './stage.ts'
import { type Check, type Seen, seen } from './step.ts'

/**
 * What an installation must do: OQ. Devices of their own are played against the real doors over TLS.
 *
 * The caller lets `leave` retire them, whatever became of the checks.
 *
 * @throws Error if the stage cannot be set
 */
export async function operationChecks(
  parts: QualificationParts,
  wanted: PlayAsked,
  actor: Actor,
): Promise<
  | {
      readonly kind: 'checks'
      readonly checks: readonly Check[]
      readonly leave: () => Promise<void>
    }
  | Refused
> {
  const opened = await openStage(wanted, parts, actor)
  if (opened.kind === 'refused') return opened
  const { stage } = opened
  return {
    kind: 'checks',
    checks: checksOn(stage, parts, actor),
    leave: leaving(stage, parts, actor),
  }
}

function checksOn(stage: Stage, parts: QualificationParts, actor: Actor): readonly Check[] {
  const asked = { ...askedOf(parts), label: stage.label }
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
        return leadsToRoot(answer.certificate, stage, parts)
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
        await leaving(stage, parts, actor)()
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

function askedOf({ core, facts }: QualificationParts) {
  return { url: facts.addresses().devices, ca: rootsOf(core) }
}

function need({ identity }: Stage): Played {
  if (identity === undefined) throw new Error('the enrolment before it failed')
  return identity
}

function leadsToRoot(der: Uint8Array, { first, authority }: Stage, { core }: QualificationParts) {
  const leaf = parseCertificate(der)
  const { certificate, intermediates, anchors } = chainOf(authority, core)
  const path = validatePath({
    ...{ leaf, intermediates: [certificate, ...intermediates], anchors },
    ...{ at: core.clock.now(), purpose: 'device' },
  })
  if (path.kind === 'refused') return seen(false, `${path.reason}: ${path.detail}`)
  const serial = attributeOf(leaf.subject, attributeTypes.serialNumber)
  const told = `${serial}, ${path.path.certificates.length} certificates below the root`
  return seen(serial === first.serial, told)
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
