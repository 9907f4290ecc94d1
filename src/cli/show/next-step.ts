// SPDX-License-Identifier: Apache-2.0
import type { OperationName } from '#format/admin/operations.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import type { Row } from './rows.ts'
import type { Shape } from './shapes.ts'

type Asked = Readonly<Record<string, unknown>>

/** What is done next, where an answer alone does not say so: by what was asked, and what came. */
const steps: Partial<Record<OperationName, (answer: Row, asked: Asked) => string | undefined>> = {
  'release.create': ({ id }) => `vitalsign release attach ${id} --file FILE`,
  'release.attach': (_, { release }) => submitting(release),
  'release.attach-test': (_, { release }) => submitting(release),
  'release.detach': ({ id }) => submitting(id),
  'release.edit': ({ id }) => submitting(id),
  'release.submit': ({ id }) =>
    `vitalsign release approve ${id} --approver-key FILE, by those who had no part in it`,
  'signing-key.make': ({ product, forms, state }) =>
    Array.isArray(forms) && forms[0] !== 'raw'
      ? `vitalsign signing-key export-anchors ${product} --form ${forms[0]}${state === 'next' ? ', then vitalsign rotation begin' : ', so that devices believe it'}`
      : undefined,
}

/** A change leads back to a draft: whoever made it late is told. */
const submitting = (release: unknown) =>
  `it is a draft: once all is attached, vitalsign release submit ${shellWord(String(release))}`

export function nextStep(operation: OperationName, answer: Row, asked: Asked): string | undefined {
  return steps[operation]?.(answer, asked)
}

/** By which command the first of them comes to be, for who has none yet. */
export const firstBy: Partial<Record<Shape, string>> = {
  approver: 'vitalsign approver make-key FILE --printed-name NAME',
  buildTrust: 'vitalsign build-trust add NAME',
  builderKey: 'vitalsign builder-key add NAME',
  device: 'vitalsign device add SERIAL --product PRODUCT',
  installed: 'vitalsign-device firmware report, on each device',
  product: 'vitalsign product add NAME',
  release: 'vitalsign release create PRODUCT VERSION --security-version N',
  rotation: 'vitalsign rotation begin PRODUCT',
  scan: 'vitalsign scan FILE --record',
  signingKey: 'vitalsign signing-key make PRODUCT --for FORM',
  signingPolicy: 'vitalsign signing-policy set PRODUCT FILE; until then the usual rules hold',
}
