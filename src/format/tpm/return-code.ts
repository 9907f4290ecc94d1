// SPDX-License-Identifier: Apache-2.0
/** TPM_RC: what a TPM says went wrong, in words. Part 2 section 6.6. */

/** Codes about one handle, parameter or session: RC_FMT1 plus six bits. Part 2 table 18. */
const formatOne: Readonly<Record<number, readonly [string, string]>> = {
  1: ['ASYMMETRIC', 'asymmetric algorithm not supported or not correct'],
  2: ['ATTRIBUTES', 'inconsistent attributes'],
  3: ['HASH', 'hash algorithm not supported or not appropriate'],
  4: ['VALUE', 'value is out of range or not correct in this place'],
  5: ['HIERARCHY', 'hierarchy is not enabled or not correct for the use'],
  7: ['KEY_SIZE', 'key size is not supported'],
  8: ['MGF', 'mask generation function not supported'],
  9: ['MODE', 'mode of operation not supported'],
  10: ['TYPE', 'the type of the value is not appropriate for the use'],
  11: ['HANDLE', 'the handle is not correct for the use'],
  12: ['KDF', 'key derivation not supported'],
  13: ['RANGE', 'value was out of allowed range'],
  14: ['AUTH_FAIL', 'the authorisation is wrong, and the lockout counter was counted up'],
  15: ['NONCE', 'invalid nonce size or nonce value'],
  16: ['PP', 'needs physical presence'],
  18: ['SCHEME', 'scheme not supported or not correct'],
  21: ['SIZE', 'structure is the wrong size'],
  22: ['SYMMETRIC', 'symmetric algorithm not supported or not appropriate'],
  23: ['TAG', 'incorrect structure tag'],
  24: ['SELECTOR', 'union selector is incorrect'],
  26: ['INSUFFICIENT', 'could not read a value because there was not enough input'],
  27: ['SIGNATURE', 'the signature is not valid'],
  28: ['KEY', 'the fields of the key are not compatible with the use'],
  29: ['POLICY_FAIL', 'a policy check failed'],
  31: ['INTEGRITY', 'the integrity check failed: made for another TPM, another key, or changed'],
  32: ['TICKET', 'invalid ticket'],
  33: ['RESERVED_BITS', 'reserved bits not set to zero'],
  34: ['BAD_AUTH', 'the authorisation is wrong'],
  35: ['EXPIRED', 'the policy has expired'],
  36: ['POLICY_CC', 'the policy is not for this command'],
  37: ['BINDING', 'public and sensitive parts of an object are not cryptographically bound'],
  38: ['CURVE', 'curve not supported'],
  39: ['ECC_POINT', 'point is not on the curve'],
  40: ['FW_LIMITED', 'the hierarchy is limited to other firmware'],
  41: ['SVN_LIMITED', 'the hierarchy is limited to another security version'],
}

/** RC_VER1 and RC_WARN. Part 2 tables 17 and 19. */
const formatZero: Readonly<Record<number, readonly [string, string]>> = {
  30: ['BAD_TAG', 'the tag of the command is not known'],
  256: ['INITIALIZE', 'the TPM was not started: TPM2_Startup is due'],
  257: ['FAILURE', 'the TPM is in failure mode'],
  259: ['SEQUENCE', 'improper use of a sequence handle'],
  267: ['PRIVATE', 'not currently used'],
  281: ['HMAC', 'not currently used'],
  288: ['DISABLED', 'the command is disabled'],
  289: ['EXCLUSIVE', 'the audit session needs to be exclusive'],
  292: ['AUTH_TYPE', 'the authorisation handle is not correct for the command'],
  293: ['AUTH_MISSING', 'the command needs an authorisation that was not given'],
  294: ['POLICY', 'policy failure in a mathematical operation or an invalid policy'],
  295: ['PCR', 'the registers are not as they are required'],
  296: ['PCR_CHANGED', 'the registers have changed since they were checked'],
  301: ['UPGRADE', 'the TPM is in field upgrade mode'],
  302: ['TOO_MANY_CONTEXTS', 'the context counter is at its end'],
  303: ['AUTH_UNAVAILABLE', 'no authorisation value or policy is available for the object'],
  304: ['REBOOT', 'the TPM has to be started anew'],
  305: ['UNBALANCED', 'hash and symmetric algorithms are not of like strength'],
  322: ['COMMAND_SIZE', 'the size of the command is not what was received'],
  323: ['COMMAND_CODE', 'the command is not supported'],
  324: ['AUTHSIZE', 'the size of the authorisation area is out of range'],
  325: ['AUTH_CONTEXT', 'the command takes no authorisation'],
  326: ['NV_RANGE', 'the offset is outside the memory area'],
  327: ['NV_SIZE', 'the size is not that of the memory area'],
  328: ['NV_LOCKED', 'the memory area is locked'],
  329: ['NV_AUTHORIZATION', 'the authorisation does not admit to the memory area'],
  330: ['NV_UNINITIALIZED', 'the memory area was never written'],
  331: ['NV_SPACE', 'no room is left in the non-volatile memory'],
  332: ['NV_DEFINED', 'the handle is in use already'],
  336: ['BAD_CONTEXT', 'the context is not valid'],
  337: ['CPHASH', 'the command is not the one that was authorised'],
  338: ['PARENT', 'the handle is of no parent for this'],
  339: ['NEEDS_TEST', 'some function needs testing'],
  340: ['NO_RESULT', 'cannot be processed for a reason that is not told'],
  341: ['SENSITIVE', 'the sensitive area did not unmarshal after decryption'],
  2305: ['CONTEXT_GAP', 'the gap of saved contexts is too large'],
  2306: ['OBJECT_MEMORY', 'no room for another loaded object'],
  2307: ['SESSION_MEMORY', 'no room for another loaded session'],
  2308: ['MEMORY', 'out of memory'],
  2309: ['SESSION_HANDLES', 'no session handle is left'],
  2310: ['OBJECT_HANDLES', 'no object handle is left'],
  2311: ['LOCALITY', 'bad locality'],
  2312: ['YIELDED', 'the TPM gave up the command for another; ask again'],
  2313: ['CANCELED', 'the command was cancelled'],
  2314: ['TESTING', 'the TPM tests itself; ask again'],
  2320: ['REFERENCE_H0', 'the first handle is of nothing that is loaded'],
  2321: ['REFERENCE_H1', 'the second handle is of nothing that is loaded'],
  2322: ['REFERENCE_H2', 'the third handle is of nothing that is loaded'],
  2328: ['REFERENCE_S0', 'the first session is not loaded'],
  2329: ['REFERENCE_S1', 'the second session is not loaded'],
  2330: ['REFERENCE_S2', 'the third session is not loaded'],
  2336: ['NV_RATE', 'the TPM limits the rate of writes to spare its memory; ask again later'],
  2337: ['LOCKOUT', 'the TPM is locked after too many wrong authorisations; leave it alone'],
  2338: ['RETRY', 'the TPM could not start the command; ask again'],
  2339: ['NV_UNAVAILABLE', 'the non-volatile memory cannot be written now'],
}

/** A return code that was read. */
export interface ReturnCode {
  readonly value: number
  /** `TPM_RC_LOCKOUT`; a code without a name keeps its number: `TPM_RC_0x7ff`. */
  readonly name: string
  /** What it means, lower case. */
  readonly means: string
  /** Which part of the command it is about: `parameter 2`, `handle 1`, `session 1`. */
  readonly about: string | undefined
}

/**
 * Reads a code; the bits above the lowest twelve name who says it (Linux's resource manager sets them), and change
 * nothing of what it means.
 *
 * @see Part 2 section 6.6.2: bit 7 tells the two formats apart; in format one, bit 6 is P and bits 11 to 8 are N
 */
export function readReturnCode(value: number): ReturnCode {
  const isFormatOne = (value & 0x80) !== 0
  const [name, means] = (isFormatOne ? formatOne[value & 0x3f] : formatZero[value & 0xfff]) ?? [
    `0x${value.toString(16)}`,
    'a code that is not in the standard',
  ]
  return { value, name: `TPM_RC_${name}`, means, about: isFormatOne ? aboutOf(value) : undefined }
}

function aboutOf(value: number): string | undefined {
  const number = (value >> 8) & 0xf
  if (number === 0) return undefined
  if ((value & 0x40) !== 0) return `parameter ${number}`
  return number < 8 ? `handle ${number}` : `session ${number - 8}`
}

/** A TPM that answers, and says no. */
export class TpmError extends Error {
  override readonly name = 'TpmError'
  readonly command: string
  readonly returnCode: ReturnCode

  constructor(command: string, value: number) {
    const returnCode = readReturnCode(value)
    const { name, means, about } = returnCode
    super(
      `${command}: ${name} (0x${value.toString(16)})${about === undefined ? '' : `, ${about}`}: ${means}`,
    )
    this.command = command
    this.returnCode = returnCode
  }

  /** Whether the TPM asks for the same command again. Part 2 section 6.6.3: the warnings that end by themselves. */
  get passing(): boolean {
    return ['TPM_RC_RETRY', 'TPM_RC_YIELDED', 'TPM_RC_TESTING', 'TPM_RC_NV_RATE'].includes(
      this.returnCode.name,
    )
  }
}
