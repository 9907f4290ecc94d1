// SPDX-License-Identifier: Apache-2.0
import { connect, type SecureVersion } from 'node:tls'
import type { Authority } from '#core/ledger/tables.ts'
import { fullCrl } from '#core/revocation/publish.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { validatePath } from '#trust/path.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Core } from '../core.ts'
import { examine } from '../doctor.ts'
import { programDigest } from '../program-digest.ts'
import { programVersion } from '../version.ts'
import { knownAnswers } from './known-answers.ts'
import type { QualificationParts } from './qualify.ts'
import { type Check, type Seen, seen } from './step.ts'

/** What an installation must be before it is trusted: IQ, one row a look. */
export function installationChecks(parts: QualificationParts): readonly Check[] {
  const { core } = parts
  return [
    {
      title: 'version of the program',
      expected: 'the one that the package names',
      see: () => seen(parts.facts.version === programVersion(), parts.facts.version),
    },
    {
      title: 'files of the program',
      expected: 'a digest over all of them, to compare with another installation or the release',
      see: () => {
        const { files, sha256 } = programDigest()
        return { verdict: 'noted', observed: `${files} files, SHA-256 ${sha256}` }
      },
    },
    {
      title: 'run time',
      expected: 'Node 26, which the program was tested with',
      see: () =>
        seen(
          process.versions.node.startsWith('26.'),
          `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${process.platform} ${process.arch}`,
        ),
    },
    ...knownAnswers,
    {
      title: 'randomness',
      expected: 'two draws of 32 bytes differ',
      see: () => {
        const draws = [core.random.bytes(32).toHex(), core.random.bytes(32).toHex()]
        return seen(draws[0] !== draws[1] && !/^0+$/.test(draws[0] ?? ''), 'they differ')
      },
    },
    { title: 'doctor', expected: 'nothing is bad', see: () => doctorSees(parts) },
    {
      title: 'authorities',
      expected: 'each leads to the root by RFC 5280, and the key of each issuing one signs',
      see: () => authoritiesSeen(core),
    },
    ...(['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const).map(
      (version): Check => ({
        title: `device port without ${version}`,
        expected: 'the handshake is refused (RFC 8996, and RFC 9325 where 1.3 is everywhere)',
        see: () => handshake(parts, parts.facts.addresses().devices, version, false),
      }),
    ),
    ...(['TLSv1.3'] as const).map(
      (version): Check => ({
        title: `device port with ${version}`,
        expected: 'the handshake succeeds and the server proves itself against the root',
        see: () => handshake(parts, parts.facts.addresses().devices, version, true),
      }),
    ),
    ...legacyChecks(parts),
    {
      title: 'the log',
      expected: 'every event stands under the tree, and ledger and log match one to one',
      see: async () => {
        const { good, size, findings } = await parts.verifyLog()
        return seen(good, `${size} events, ${findings} findings`)
      },
    },
  ]
}

async function doctorSees({ core, facts }: QualificationParts): Promise<Seen> {
  const production = core.environment === 'production'
  const findings = await examine(core, facts.configuration, { production })
  const told = findings.filter(({ verdict }) => verdict !== 'good')
  const text = told.map(({ check, verdict, found }) => `${verdict}: ${check}: ${found}`).join('; ')
  return seen(
    told.every(({ verdict }) => verdict !== 'bad'),
    text || `${findings.length} checks are good`,
  )
}

async function authoritiesSeen(core: Core): Promise<Seen> {
  const { doors, clock, shelf } = core
  const told: string[] = []
  for (const authority of doors.own) {
    const { certificate, intermediates, anchors } = chainOf(authority, core)
    const path = validatePath({
      ...{ leaf: certificate, intermediates, anchors },
      ...{ at: clock.now(), purpose: 'any' },
    })
    if (path.kind === 'refused') return seen(false, `${authority.name}: ${path.detail}`)
    const list = await shelf.read(authority.name, fullCrl)
    if (list === undefined && authority.kind === 'issuing')
      return seen(false, `${authority.name} signed no revocation list`)
    told.push(`${authority.name}${list === undefined ? '' : ` (list ${list.number})`}`)
  }
  return seen(told.length > 0, told.join(', '))
}

/** An authority with all above it; the last of them is what devices hold as their anchor. */
export function chainOf(authority: Authority, { doors }: Core) {
  const read = (one: Authority) => parseCertificate(one.certificate, { unknownCritical: 'keep' })
  const certificate = read(authority)
  const above = doors.above(authority).map(read)
  const anchor = anchorOf(above.at(-1) ?? certificate)
  return {
    certificate,
    intermediates: above,
    anchors: anchor.kind === 'refused' ? [] : [anchor.anchor],
  }
}

/** Where the configuration lets old devices in. */
function legacyChecks(parts: QualificationParts): readonly Check[] {
  const { legacy } = parts.facts.addresses()
  if (legacy === null) return []
  return (['TLSv1.1', 'TLSv1.2'] as const).map((version) => ({
    title: `port for old devices ${version === 'TLSv1.2' ? 'with' : 'without'} ${version}`,
    expected:
      version === 'TLSv1.2'
        ? 'the handshake succeeds: legacy-listen asks for it'
        : 'the handshake is refused (RFC 8996)',
    see: () => handshake(parts, legacy, version, version === 'TLSv1.2'),
  }))
}

/** One handshake with exactly this version. */
function handshake(
  { core }: QualificationParts,
  url: string,
  version: SecureVersion,
  wanted: boolean,
): Promise<Seen> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<Seen>()
  const socket = connect({
    ...{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) },
    ...{ minVersion: version, maxVersion: version, ca: rootsOf(core), servername: 'localhost' },
    // Without this OpenSSL would not even offer the old versions.
    ...(!wanted && { ciphers: 'DEFAULT:@SECLEVEL=0' }),
  })
  socket.setTimeout(5_000, () => socket.destroy(new Error('no answer in 5 s')))
  socket.once('secureConnect', () => {
    resolve(seen(wanted, `a handshake with ${version}`))
    socket.end()
  })
  // A port that is shut has not refused the version: only the alert says so.
  socket.once('error', (error) => {
    const isAlert = 'code' in error && error.code === 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'
    resolve(seen(!wanted && isAlert, isAlert ? 'the alert protocol_version' : error.message.trim()))
  })
  return promise
}

/** The roots of this installation, as a device would hold them. */
export function rootsOf({ doors }: Core): string[] {
  return doors.own
    .filter(({ kind }) => kind === 'root')
    .map(({ certificate }) => encodePem('CERTIFICATE', certificate))
}
