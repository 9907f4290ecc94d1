// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { validatePath } from '#trust/path.ts'
import { type KeyPair, parsePrivateKey } from '#trust/private-key.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { keyIdentifier } from '../authority/draft.ts'
import { checkMarks } from '../authority/environment-mark.ts'
import { type KeptKeys, keptInFile } from '../authority/signing-key.ts'
import { keyWasHere } from '../ledger/authority-origin.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** An issuing authority that worked elsewhere until now. */
export interface Adoption {
  readonly name: string
  readonly certificate: Certificate
  /** The authorities above it, its issuer first, a self-signed root last; none if it is self-signed itself. */
  readonly above: readonly Certificate[]
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array
  /** Whether it goes on issuing here, or signs status only. */
  readonly mayIssue: boolean
  /** The number of the last CRL that it signed elsewhere; undefined: it signed none. */
  readonly lastCrlNumber: number | undefined
  readonly environment: Authority['environment']
}

export interface AdoptingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly keys: KeptKeys
}

type Adopted = { readonly kind: 'adopted'; readonly authority: Authority } | Refused

/**
 * Takes over an authority with its key, so that its certificates can be renewed and revoked here.
 *
 * The key is kept before anything is booked: a crash in between leaves a key that nobody uses, never
 * an authority that cannot sign. The same authority again is refused as `exists-already`.
 */
export async function adoptAuthority(
  asked: Adoption,
  actor: Actor,
  ports: AdoptingPorts,
): Promise<Adopted> {
  const unfit = await refuseUnfit(asked, ports)
  if (unfit !== undefined) return unfit
  const read = await parsePrivateKey(asked.privateKey)
  if (read.kind === 'refused') return read
  const anchor = anchorOf(asked.certificate)
  if (anchor.kind === 'refused') return anchor
  const { fingerprint } = anchor.anchor.publicKey
  if (fingerprint.toHex() !== read.pair.publicKey.fingerprint.toHex()) {
    return refuse('key-malformed', 'the private key is not that of the certificate')
  }
  if ((await ports.ledger.find('key', 'fingerprint', [fingerprint])) !== undefined) {
    return refuse('key-has-another-owner', 'the key of this authority is in use here already')
  }
  return book(asked, read.pair, actor, ports)
}

/** Whether it is an authority, alive, and of a chain that holds together. */
async function refuseUnfit(asked: Adoption, ports: AdoptingPorts): Promise<Refused | undefined> {
  const { certificate, above, name } = asked
  if (readExtension(certificate.extensions, 'basicConstraints')?.ca !== true) {
    return refuse(
      'input-wrong',
      'this certificate is no authority: its basicConstraints do not say CA',
    )
  }
  const usage = readExtension(certificate.extensions, 'keyUsage')
  if (usage !== undefined && !(usage.includes('keyCertSign') && usage.includes('cRLSign'))) {
    return refuse(
      'input-wrong',
      `its keyUsage says ${usage.join(', ')}; keyCertSign and cRLSign are needed`,
    )
  }
  const root = anchorOf(above.at(-1) ?? certificate)
  if (root.kind === 'refused') return root
  const path = validatePath({
    leaf: certificate,
    intermediates: above,
    anchors: [root.anchor],
    at: ports.clock.now(),
    purpose: 'any',
  })
  if (path.kind === 'refused') {
    return refuse(path.reason, `its chain does not hold: ${path.detail}`)
  }
  const marked = checkMarks([certificate, ...above], asked.environment)
  if (marked !== undefined) return marked
  const same = await ports.ledger.find('authority', 'certificate', [sha256(certificate.der)])
  if (same?.key === null) {
    return refuse(
      'exists-already',
      `this certificate stands here as ${same.name}, which signs elsewhere and only vouches or is above another; it cannot become an authority of this house`,
    )
  }
  if ((await ports.ledger.find('authority', 'name', [name])) !== undefined) {
    return refuse('exists-already', `an authority named ${name} is here already`)
  }
  return undefined
}

async function book(
  asked: Adoption,
  pair: KeyPair,
  actor: Actor,
  ports: AdoptingPorts,
): Promise<Adopted> {
  const now = ports.clock.now()
  const { publicKey } = pair
  const id = newId('authority', ports)
  const keyId = newId('key', ports)
  await ports.keys.keep(keyId, asked.privateKey, 'authority')
  const above = await aboveOf(asked, actor, ports)
  const marked = await markedRoots(publicKey, ports)
  const authority: Authority = {
    ...recordOf(asked.name, asked.certificate, asked.environment, ports),
    id,
    kind: 'issuing',
    algorithm: publicKey.algorithm,
    parent: above.parent,
    key: keyId,
    state: asked.mayIssue ? 'active' : 'issuing-stopped',
    crlNumberFrom: asked.lastCrlNumber === undefined ? null : asked.lastCrlNumber + 1,
    ...{ origin: 'adopted', twin: null, keyEverHere: true },
  }
  const refused = await settle(
    {
      puts: [
        ...above.puts,
        {
          kind: 'key',
          record: {
            ...{ id: keyId, version: 1, owner: id, environment: asked.environment },
            ...{ fingerprint: publicKey.fingerprint, spki: publicKey.spki },
            ...{ algorithm: publicKey.algorithm, bits: publicKey.bits },
            ...{ ...keptInFile, attested: false, purpose: 'issuing', state: 'active' },
            ...{ activatedAt: asked.certificate.notBefore, deactivateAt: null },
          },
        },
        { kind: 'authority', record: authority },
        ...marked.map((record): Put => ({ kind: 'authority', record })),
      ],
      events: [
        ...above.events,
        {
          type: 'authority-adopted',
          at: now,
          actor,
          subjects: [id, keyId],
          facts: {
            name: asked.name,
            sha256: authority.certificateSha256.toHex(),
            algorithm: authority.algorithm,
            issues: asked.mayIssue,
            lastCrlNumber: asked.lastCrlNumber ?? null,
            ...(marked.length > 0 && { keyOf: marked.map((root) => root.name).join(', ') }),
          },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'adopted', authority }
}

/** Roots that were made elsewhere, and whose key comes here now under another certificate. */
async function markedRoots(
  { spki }: PublicKey,
  { ledger }: AdoptingPorts,
): Promise<readonly Authority[]> {
  const query = { by: 'kind', equal: ['root'], limit: 1000 } as const
  const { items } = await ledger.list('authority', query)
  return items
    .filter((root) => !keyWasHere(root))
    .filter(({ certificate }) => sameBytes(parseCertificate(certificate).publicKey.der, spki))
    .map((root) => ({ ...root, version: root.version + 1, keyEverHere: true }))
}

/** The authorities above, whose keys stay where they are; those that are here already serve again. */
async function aboveOf({ name, above, environment }: Adoption, actor: Actor, ports: AdoptingPorts) {
  const puts: Put[] = []
  const events: AuditEvent[] = []
  let parent: string | null = null
  for (const [level, certificate] of above.toReversed().entries()) {
    const known: Authority | undefined = await ports.ledger.find('authority', 'certificate', [
      sha256(certificate.der),
    ])
    if (known !== undefined) {
      parent = known.id
      continue
    }
    const own = level === 0 ? `${name}-root` : `${name}-above-${above.length - level}`
    const record: Authority = { ...recordOf(own, certificate, environment, ports), parent }
    parent = record.id
    puts.push({ kind: 'authority', record })
    const facts = { name: own, sha256: record.certificateSha256.toHex() }
    const event = { type: 'authority-trusted', actor, facts } as const
    events.push({ ...event, at: record.createdAt, subjects: [record.id] })
  }
  return { puts, events, parent }
}

/** As a foreign authority that vouches for no device: it stands there for the chain alone. */
function recordOf(
  name: string,
  certificate: Certificate,
  environment: Authority['environment'],
  ports: AdoptingPorts,
): Authority {
  const anchor = anchorOf(certificate)
  return {
    ...{ id: newId('authority', ports), version: 1, name, kind: 'foreign', environment },
    algorithm: anchor.kind === 'refused' ? 'unknown' : anchor.anchor.publicKey.algorithm,
    ...{ parent: null, key: null, state: 'active', products: [] },
    certificate: certificate.der,
    certificateSha256: sha256(certificate.der),
    subjectKeyIdentifier:
      readExtension(certificate.extensions, 'subjectKeyIdentifier') ??
      keyIdentifier(certificate.publicKey.der),
    notAfter: certificate.notAfter,
    issueUntil: certificate.notAfter,
    successor: null,
    createdAt: ports.clock.now(),
    ...{ crlNumberFrom: null, origin: 'adopted', twin: null, keyEverHere: false },
  }
}
