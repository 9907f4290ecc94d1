// SPDX-License-Identifier: Apache-2.0
import { hash, X509Certificate } from 'node:crypto'
import { isCryptoRefusal } from '#trust/crypto-refusal.ts'
import { publishedIn } from '#trust/weak-keys/published-keys.ts'
import { identityOf } from '../identity.ts'
import { sequenceAround } from '../keys/der-span.ts'
import { lookAligned, nearCertificate } from '../keys/look-for-raw.ts'
import { type PublicHalf, publicHalfOf } from '../keys/public-half.ts'
import { tellWeakKey } from '../keys/tell-weak-key.ts'
import type { Found, Look, Sight, Tell } from '../sight.ts'

/** Version 3, and the tag of the serial number: RFC 5280 section 4.1. */
export const lookForCertificates: readonly Look[] = [
  { octets: Uint8Array.fromHex('a00302010202'), look: lookAtVersion },
]

function lookAtVersion({ octets, at, base, file }: Sight, tell: Tell): void {
  const toBeSigned = sequenceAround(octets, at)
  const span = toBeSigned && sequenceAround(octets, toBeSigned.start)
  // What stands in a request or a list has nothing around it that is signed.
  if (span === undefined || octets[toBeSigned!.end] !== 0x30 || !tell.spend(8)) return
  lookAtCertificate(octets.subarray(span.start, span.end), base + span.start, file.now, tell)
  // Devices keep a key without any form in the same page of flash as its certificate.
  const before = Math.max(0, span.start - nearCertificate)
  lookAligned(octets.subarray(before, span.start), base + before, tell)
  lookAligned(octets.subarray(span.end, span.end + nearCertificate), base + span.end, tell)
}

/**
 * What can be said against a certificate; that it is there is no finding. Its signature is not checked: whoever
 * believes it is not known here.
 */
export function lookAtCertificate(
  der: Uint8Array,
  offset: number,
  now: Temporal.Instant,
  tell: Tell,
): void {
  const certificate = parsed(der)
  if (certificate === undefined) return
  const sha256 = hash('sha256', der, 'hex')
  const half = publicHalf(certificate)
  const subject = oneLine(certificate.subject)
  const isSelfSigned = certificate.subject === certificate.issuer
  const key = half === undefined ? {} : { key: half.fingerprint }
  const say = (rule: Found['rule'], confidence: Found['confidence'], what: string) =>
    tell.found({ rule, confidence, offset, what, identity: identityOf(rule, sha256), ...key })

  const published = publishedIn(half?.fingerprint ?? '')
  if (published !== undefined)
    say(
      'test-key',
      'certain',
      `certificate ${subject}: its private key is published in ${published}`,
    )
  const until = certificate.validToDate.toTemporalInstant()
  const isRoot = isSelfSigned && certificate.ca
  const isExpired = Temporal.Instant.compare(until, now) < 0
  // Of a root it depends on what else is in the image.
  if (isExpired && !isRoot)
    say('certificate-expired', 'certain', `certificate ${subject} expired at ${until}`)
  if (half !== undefined) tellWeakKey(half, ` of the certificate ${subject}`, offset, tell)
  // Of what signs itself nobody needs the signature.
  const weak = isSelfSigned ? undefined : weakDigest(certificate)
  if (weak !== undefined)
    say('certificate-weak-signature', 'certain', `certificate ${subject} is signed with ${weak}`)
  if (isForTests(certificate))
    say('certificate-test', 'likely', `certificate ${subject} is made for tests`)
  tell.trace({
    ...{ kind: 'certificate', offset, octets: half?.spki ?? new Uint8Array() },
    facts: {
      ...{ sha256, subject, fingerprint: half?.fingerprint ?? '' },
      family: half?.algorithm.toLowerCase() ?? '',
      role: isRoot ? 'root' : certificate.ca || isSelfSigned ? 'authority' : 'end',
      ...(isExpired ? { expired: `${until}` } : {}),
    },
  })
}

function parsed(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch (error) {
    if (isCryptoRefusal(error)) return undefined
    throw error
  }
}

/** Undefined: of an algorithm that OpenSSL does not know, or broken. */
function publicHalf(certificate: X509Certificate): PublicHalf | undefined {
  try {
    return publicHalfOf(certificate.publicKey)
  } catch (error) {
    if (isCryptoRefusal(error)) return undefined
    throw error
  }
}

/** As Node writes the algorithm: `sha1WithRSAEncryption`, `ecdsa-with-SHA1`. */
function weakDigest({ signatureAlgorithm = '' }: X509Certificate): string | undefined {
  if (/md[245]/i.test(signatureAlgorithm)) return 'MD5'
  return /sha-?1(?:\D|$)/i.test(signatureAlgorithm) ? 'SHA-1' : undefined
}

/** Names that tools, distributions and tutorials put into the certificates that they make by default. */
const testNames =
  /^(?:CN|O|OU)=(?:.*\b(?:snake ?oil|internet widgits|not for production|do not trust|demo (?:ca|root|certificate)|test (?:ca|root|cert|certificate|key|server|client))\b.*|(?:test|testing|demo|example|localhost\.localdomain)|default company ltd|example (?:inc|corp|com|org).*)$/im

function isForTests({ subject = '', issuer = '' }: X509Certificate): boolean {
  return testNames.test(subject) || testNames.test(issuer)
}

/** Of the lines of Node, the common name first where there is one; no sign that a terminal would obey. */
function oneLine(name: string | undefined): string {
  const parts = (name ?? '').split('\n').filter((line) => line !== '')
  const common = parts.filter((line) => line.startsWith('CN='))
  const shown = [...common, ...parts.filter((line) => !line.startsWith('CN='))].join(', ')
  return shown === '' ? 'without a name' : clean(shown).slice(0, 200)
}

function clean(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}
