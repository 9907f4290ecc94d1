// SPDX-License-Identifier: Apache-2.0
import { returnValue } from './cryptoki.ts'
import type { Verdict } from './questions.ts'

/** After these nothing is tried again before a person acted: each further try may lock the token. */
const aboutPin: ReadonlySet<number> = new Set([
  ...[returnValue.pinIncorrect, returnValue.pinInvalid, returnValue.pinLengthRange],
  ...[returnValue.pinExpired, returnValue.pinLocked, returnValue.userPinNotInitialized],
])

/** After these the token is well, and the next question may be answered. */
const aboutQuestion: ReadonlySet<number> = new Set([
  ...[returnValue.dataInvalid, returnValue.dataLengthRange, returnValue.keySizeRange],
  ...[returnValue.keyTypeInconsistent, returnValue.keyFunctionNotPermitted],
  ...[returnValue.mechanismInvalid, returnValue.mechanismParameterInvalid],
  ...[returnValue.attributeReadOnly, returnValue.attributeTypeInvalid],
  ...[returnValue.attributeValueInvalid, returnValue.templateIncomplete],
  returnValue.templateInconsistent,
])

/**
 * What follows from a CKR. Whatever is not known to concern the question or the PIN alone has the token opened
 * anew: modules say very different things of a token that was pulled (CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
 * CKR_SESSION_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_GENERAL_ERROR and more).
 */
export function verdictOf(code: number): Verdict {
  if (aboutPin.has(code)) return 'pin'
  return aboutQuestion.has(code) ? 'asked-wrong' : 'away'
}
