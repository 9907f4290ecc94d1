// SPDX-License-Identifier: Apache-2.0
import { whatIfKey } from '#core/rotation/what-if-key.ts'
import { endOf, isFormName } from '#core/signing/artefact-key.ts'
import type { SignerUnder } from '#core/watch/signers-under.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'

type Shown = OutputOf<'authority.what-if'>['signingKeys'][number]

/** By which of its ends a key ends with an authority: its chain runs out, or a list names one of it. */
const byAuthority: readonly string[] = ['certificate-ended', 'revoked']

/** What the end of an authority does to what is signed by a key below it: as the end of the key's own certificate. */
export async function showSignerUnder(
  { key, product, published }: SignerUnder,
  core: Core,
): Promise<Shown> {
  const { found, effects } = await whatIfKey(key, undefined, core)
  return {
    ...{ key: key.id, name: key.name, state: key.state, forms: key.forms.filter(isFormName) },
    ...{ product: product.id, productName: product.name },
    certificateUntil: endOf(key)?.toString() ?? null,
    releases: published.map(({ release }) => release.firmwareVersion),
    ...{ holding: found.holding, dependent: found.dependent, unknown: found.unknown },
    first: [...found.first],
    effects: effects
      .filter(({ ending }) => byAuthority.includes(ending))
      .map((one) => ({ ...one, releases: [...one.releases] })),
  }
}
