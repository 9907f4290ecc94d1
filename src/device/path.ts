// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { validatePath } from '#trust/path.ts'
import { latest } from './time.ts'

/**
 * RFC 5280 section 6 with the pinned root as the only anchor, for a device whose clock may stand at 1970.
 *
 * The first pass leaves time out: only what the root vouches for may tell us that time has passed. The
 * second judges validity at the latest moment that is known to have come, so a slow clock never makes a
 * certificate "not yet valid", and whatever is known to be over is still refused.
 */
export async function validateFrom(
  root: Certificate,
  leaf: Certificate,
  intermediates: readonly Certificate[],
  purpose: 'device' | 'server',
  now: Temporal.Instant,
) {
  const question = { leaf, intermediates, anchors: [root], purpose }
  const genuine = await validatePath({ ...question, at: now, ignoreExpiry: true })
  if (genuine.kind === 'refused') return genuine
  const over = genuine.path.certificates.map(({ notBefore }) => notBefore)
  return validatePath({ ...question, at: latest([now, ...over]) })
}
