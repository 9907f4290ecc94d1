// SPDX-License-Identifier: Apache-2.0
/** What a look at a peer means, in plain words, with what to do about it. */

import type { Suite, SuiteClass } from '#format/tls/code-points.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { judgeChain } from './judge-chain.ts'
import type { Look } from './look.ts'

export type Verdict = 'good' | 'warning' | 'failed'

export interface Finding {
  readonly check: string
  readonly verdict: Verdict
  /** What the peer does. */
  readonly found: string
  /** What follows from that. */
  readonly means: string
  readonly remedy: string | null
}

export interface Judging {
  readonly now: Temporal.Instant
  /** As the peer was called: a DNS name or an address. */
  readonly host: string
  /** The roots that its chain should lead to; empty: nobody named any. */
  readonly roots: readonly Certificate[]
  /** DER of the subjects of those who sign the devices that will connect. */
  readonly deviceIssuers: readonly Uint8Array[]
}

export function judge(look: Look, judging: Judging): readonly Finding[] {
  return [
    judgeVersions(look),
    ...judgeSuites(look),
    ...judgeGroups(look),
    ...judgeOlder(look),
    ...judgeChain(look, judging),
    judgeRequest(look, judging),
    ...judgeResumption(look),
    ...judgeEnd(look),
  ]
}

function judgeVersions({ versions }: Look): Finding {
  const check = 'versions'
  const all = Object.entries(versions)
  const spoken = all.flatMap(([name, one]) => (one === 'spoken' ? [name] : []))
  const unknown = all.flatMap(([name, one]) => (typeof one === 'object' ? [name] : []))
  const found = [
    spoken.join(', '),
    ...(unknown.length > 0 ? [`not known of ${unknown.join(', ')}`] : []),
  ].join('; ')
  const old = spoken.filter((name) => !['TLS 1.2', 'TLS 1.3'].includes(name))
  if (old.length > 0)
    return {
      ...{ check, found, verdict: 'failed' },
      means: `${old.join(' and ')} can be broken, and whoever stands in between can lead old clients to it (RFC 8996, RFC 7568)`,
      remedy: 'switch off everything before TLS 1.2',
    }
  if (!spoken.includes('TLS 1.3'))
    return {
      ...{ check, found, verdict: 'warning' },
      means:
        "clients' certificates cross the network in the clear, and nothing withstands quantum computers",
      remedy: 'switch on TLS 1.3',
    }
  if (spoken.length > 1)
    return {
      ...{ check, found, verdict: 'good' },
      means: 'clients that know TLS 1.3 get it, and older ones are served with TLS 1.2',
      remedy: null,
    }
  return { check, found, verdict: 'good', means: 'nothing older is to be had', remedy: null }
}

/** RFC 9325 sections 4.1 and 4.2: what must not be, and what should not. */
const weakness: readonly (readonly [kind: SuiteClass, words: string])[] = [
  ['broken', 'encrypts nothing, proves nobody, or can be broken today'],
  ['static', 'no forward secrecy: who gets the key of the server reads all that was recorded'],
  ['cbc', 'CBC with a code after it, broken again and again by its timing'],
  ['short', 'a tag of 8 bytes, which one forgery in 2^64 passes'],
]

function judgeSuites({ suites }: Look): readonly Finding[] {
  return [
    ...judgeSuitesOf('suites of TLS 1.3', suites.modern),
    ...judgeSuitesOf('suites of TLS 1.2', suites.older),
  ]
}

function judgeSuitesOf(check: string, all: readonly Suite[]): readonly Finding[] {
  if (all.length === 0) return []
  const found = all.map(({ name }) => name).join(', ')
  const bad = weakness.filter(([kind]) => all.some((one) => one.class === kind))
  if (bad.length === 0)
    return [
      {
        ...{ check, found, verdict: 'good', remedy: null },
        means: 'forward secrecy and authenticated encryption, whatever is chosen',
      },
    ]
  const namesOf = (kind: SuiteClass) =>
    all.flatMap((one) => (one.class === kind ? [one.name] : [])).join(', ')
  return [
    {
      ...{ check, found },
      verdict: bad.some(([kind]) => kind === 'broken') ? 'failed' : 'warning',
      means: bad.map(([kind, words]) => `${namesOf(kind)}: ${words}`).join('; '),
      remedy: 'leave only ECDHE with AES-GCM, AES-CCM or ChaCha20-Poly1305',
    },
  ]
}

function judgeGroups({ groups, versions }: Look): readonly Finding[] {
  if (versions['TLS 1.3'] !== 'spoken') return []
  const check = 'groups'
  const found = groups.join(', ') || 'none of those that were asked for'
  if (groups.some((name) => name.includes('MLKEM')))
    return [
      {
        ...{ check, found, verdict: 'good', remedy: null },
        means: 'what is said with a client that knows it, too, withstands quantum computers',
      },
    ]
  return [
    {
      ...{ check, found, verdict: 'warning' },
      means: 'whoever records what is said today reads it once a quantum computer can',
      remedy: 'put X25519MLKEM768 first (OpenSSL 3.5 and later have it)',
    },
  ]
}

/** What TLS 1.3 does by itself, and TLS 1.2 only if the server wants it. */
function judgeOlder({ olderHello, olderGroup }: Look): readonly Finding[] {
  if (olderHello === undefined) return []
  const { compression, extendedMasterSecret, secureRenegotiation } = olderHello
  const check = 'TLS 1.2 itself'
  const group = olderGroup === undefined ? '' : `, group ${olderGroup}`
  const found = `extended master secret: ${yes(extendedMasterSecret)}, secure renegotiation: ${yes(secureRenegotiation)}, compression: ${yes(compression !== 0)}${group}`
  if (compression !== 0 || !secureRenegotiation)
    return [
      {
        ...{ check, found, verdict: 'failed' },
        means:
          compression === 0
            ? 'a stranger can put words of his own before those of a client (RFC 5746)'
            : 'secrets can be read by how well they compress (RFC 7525 section 3.3)',
        remedy: 'renew the software of this server',
      },
    ]
  if (!extendedMasterSecret)
    return [
      {
        ...{ check, found, verdict: 'warning' },
        means:
          'where sessions are resumed, somebody in between can pretend to be a client (RFC 7627)',
        remedy: 'renew the software of this server, or switch resumption off',
      },
    ]
  return [
    {
      ...{ check, found, verdict: 'good', remedy: null },
      means: 'what is agreed belongs to this very handshake',
    },
  ]
}

function judgeRequest({ asksFor, unread, resumption }: Look, { deviceIssuers }: Judging): Finding {
  const check = 'client certificate'
  if (asksFor === undefined && unread !== undefined)
    return {
      ...{ check, verdict: 'warning', found: `could not be read: ${unread}`, remedy: null },
      means: 'whether it asks clients for a certificate is not known',
    }
  if (asksFor === undefined)
    return {
      ...{ check, verdict: 'warning', found: 'asks for none' },
      means: 'who is talking is known only if it is proved within the protocol above',
      remedy: 'where devices connect: demand a certificate, so that each proves its own key',
    }
  const insists = Object.values(resumption).some(
    (one) => one?.kind === 'untold' && one.words.includes('insists'),
  )
  const names = asksFor.length
  const found = `${insists ? 'demands one' : 'asks for one, and goes on without'}; names ${names === 0 ? 'no authorities' : many(names, 'authority', 'authorities')}`
  const isMissing =
    names > 0 &&
    deviceIssuers.length > 0 &&
    !deviceIssuers.some((own) => asksFor.some((one) => Buffer.from(one).equals(Buffer.from(own))))
  if (isMissing)
    return {
      ...{ check, found, verdict: 'warning' },
      means:
        'none of these is an authority of ours, so that clients keep our certificates to themselves',
      remedy: 'add our issuing authority and root to the file of authorities of this server',
    }
  return {
    ...{ check, found, verdict: 'good', remedy: null },
    means: insists
      ? 'nobody comes in without proving a key'
      : 'who shows one has proved its key; what comes without must be refused by the application',
  }
}

function judgeResumption({ resumption, asksFor }: Look): readonly Finding[] {
  return Object.entries(resumption).map(([version, seen]) => {
    const check = `resumption, ${version}`
    if (seen.kind === 'untold')
      return {
        ...{ check, verdict: 'good', found: `not tried: ${seen.words}`, remedy: null },
        means: 'without a certificate it gives nobody a session; with one it may',
      }
    const tickets = many(seen.tickets, 'ticket')
    if (seen.kind === 'not-resumed')
      return {
        ...{ check, verdict: 'good', found: `${tickets}, none of use`, remedy: null },
        means:
          'every connection proves its key anew, so that a revocation holds from the next one on',
      }
    return {
      ...({ check, verdict: asksFor === undefined ? 'good' : 'warning' } as const),
      found: `${tickets}, and a session was resumed`,
      means:
        asksFor === undefined
          ? 'later connections are quicker'
          : 'a client comes back without showing its certificate: one that was revoked meanwhile may get in until its session ends',
      remedy:
        asksFor === undefined
          ? null
          : 'switch tickets and the session cache off (nginx: ssl_session_tickets off; ssl_session_cache none)',
    }
  })
}

function judgeEnd({ isCut, connections }: Look): readonly Finding[] {
  if (!isCut) return []
  return [
    {
      ...{ check: 'this look', verdict: 'warning' },
      found: `ended after ${connections} connections, with questions left`,
      means: 'what was found is true and may not be all',
      remedy: 'ask again from nearer',
    },
  ]
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no'
}

function many(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`
}
