// SPDX-License-Identifier: Apache-2.0
import type { FileSignature } from '#format/compact-status/status-file.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Responders } from '../ocsp/responders.ts'
import type { Clock } from '../ports.ts'

/** Whoever stands in a chain, and who signs status below it. */
export interface SigningPorts {
  readonly ledger: Pick<Ledger, 'find'>
  readonly keys: Pick<SigningKeys, 'sign'>
  readonly clock: Clock
  /** Who answers OCSP for an authority signs its files, too: both say status, and each says which it is. */
  readonly responders: Pick<Responders, 'of' | 'renew'>
  /** All that there are, the oldest first; and what stands above each, its issuer first. */
  readonly authorities: readonly Authority[]
  above(authority: Authority): readonly Authority[]
  /** DER of the links by which who believes an older root finds to this one. */
  linksTo(root: string): readonly Uint8Array[]
}

/** Who signs for those that believe one root. */
interface FileSigner {
  /** Its own first, then what leads from it to the root, DER. */
  readonly certificates: readonly Uint8Array[]
  readonly keyId: string
}

export interface FileSigners {
  readonly signers: readonly FileSigner[]
  /** When the first of them, or of what stands above them, ends: nobody can check the file longer than that. */
  readonly until: Temporal.Instant
  /** For which roots somebody ought to sign and cannot, in words. */
  readonly lacking: readonly string[]
}

/**
 * One signer for each root below which somebody signs here, so that who believes one of them can check the file,
 * of whichever algorithm it is.
 *
 * @throws Fault `key-missing` if there is nobody; as `Responders.renew` does
 */
export async function signersFor(
  roots: ReadonlySet<string>,
  ports: SigningPorts,
): Promise<FileSigners> {
  const signers: FileSigner[] = []
  const lacking: string[] = []
  const ends: Temporal.Instant[] = []
  for (const root of roots) {
    const issuer = await issuerBelow(root, ports)
    if (issuer === undefined) continue
    const responder = await inOffice(issuer, ports.responders)
    if ('reason' in responder) {
      lacking.push(responder.detail)
      continue
    }
    const above = [issuer, ...ports.above(issuer).filter(({ kind }) => kind !== 'root')]
    ends.push(responder.notAfter, ...above.map(({ notAfter }) => notAfter))
    signers.push({
      certificates: [
        ...[responder.certificate, ...above.map(({ certificate }) => certificate)],
        ...ports.linksTo(root),
      ],
      keyId: responder.keyId,
    })
  }
  const [until] = ends.sort((left, right) => Temporal.Instant.compare(left, right))
  if (until === undefined) throw new Fault('key-missing', lacking[0] ?? nobody)
  return { signers, until, lacking }
}

const nobody = 'no issuing authority here stands below a root of this set'

/** The one that answers now serves while its successor cannot be made. */
async function inOffice(issuer: Authority, responders: SigningPorts['responders']) {
  const renewed = await responders.renew(issuer)
  return 'reason' in renewed ? responders.of(issuer) : renewed
}

/** Each signs. @throws Fault as `SigningKeys.sign` does */
export async function signatures(
  { signers }: FileSigners,
  message: Uint8Array,
  { keys }: Pick<SigningPorts, 'keys'>,
): Promise<readonly FileSignature[]> {
  const made: FileSignature[] = []
  for (const { certificates, keyId } of signers)
    made.push({ certificates, signature: await keys.sign(keyId, message) })
  return made
}

/** Whether somebody here can sign a file for who believes one of these roots. */
export function hasSigner(
  roots: ReadonlySet<string>,
  ports: Pick<SigningPorts, 'authorities' | 'above' | 'clock'>,
): boolean {
  return [...roots].some((root) => ableBelow(root, ports).length > 0)
}

/**
 * The newest below a root that has its key here: one that still issues rather than one that was stopped, and one
 * that was itself revoked only where there is no other, since its file says so of all that it issued.
 */
async function issuerBelow(root: string, ports: SigningPorts): Promise<Authority | undefined> {
  const able = ableBelow(root, ports)
  const good: Authority[] = []
  for (const one of able) if (!(await isRevoked(one, ports))) good.push(one)
  const rest = good.length > 0 ? good : able
  return rest.findLast(({ state }) => state === 'active') ?? rest.at(-1)
}

async function isRevoked({ certificateSha256 }: Authority, { ledger }: SigningPorts) {
  const found = await ledger.find('certificate', 'sha256', [certificateSha256])
  return found !== undefined && found.revokedAt !== null
}

function ableBelow(
  root: string,
  { authorities, above, clock }: Pick<SigningPorts, 'authorities' | 'above' | 'clock'>,
): readonly Authority[] {
  return authorities.filter(
    (one) =>
      one.kind === 'issuing' &&
      one.state !== 'retired' &&
      one.key !== null &&
      Temporal.Instant.compare(clock.now(), one.notAfter) < 0 &&
      above(one).some(({ id }) => id === root),
  )
}
