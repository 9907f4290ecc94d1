// SPDX-License-Identifier: Apache-2.0
import type { Signer } from '../authority/draft.ts'
import { issue, type Occasion } from '../authority/issue.ts'
import type { Issuer } from '../authority/issuer.ts'
import {
  askUpstream,
  type Carried,
  type CarryingPorts,
} from '../authority/upstream/ask-upstream.ts'
import type { ReadyUpstream } from '../authority/upstream/ready-upstream.ts'
import type { Approved } from '../policy/approved.ts'
import type { Hosting } from '../policy/profile.ts'

/** Where a certificate is signed: by an authority of ours, or by somebody who is asked to. */
export type Host =
  | { readonly kind: 'here'; readonly issuer: Issuer }
  | { readonly kind: 'upstream'; readonly upstream: ReadyUpstream; readonly hosting: Hosting }

/** Has signed what policy approved, wherever its profile says. */
export function certify(
  approved: Approved,
  host: Host,
  occasion: Occasion,
  ports: CarryingPorts,
): Promise<Carried> {
  return host.kind === 'here'
    ? issue(approved, { kind: 'issuer', issuer: host.issuer }, occasion, ports)
    : askUpstream(approved, host.upstream, host.hosting, occasion, ports)
}

/** Whose name a draft bears. */
export function signerOf(host: Host): Signer {
  return host.kind === 'here' ? { kind: 'issuer', issuer: host.issuer } : host.upstream.signer
}
