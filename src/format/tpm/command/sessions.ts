// SPDX-License-Identifier: Apache-2.0
/** Commands of policy sessions. Part 3 sections 11 and 23. */
import { algorithmIds, hashOctets, maxDigestOctets, type TpmHash } from '../algorithms.ts'
import { type Hierarchy, hierarchies } from '../handles.ts'
import { type PcrSelection, writeDigests, writePcrSelections } from '../structure/pcr.ts'
import { type Authorization, makeCommand, noPassword, type TpmCommand } from './command.ts'

/** TPM_SE. Part 2 section 6.11. */
const sessionTypes = { policy: 0x01, trial: 0x03 } as const

/**
 * TPM2_StartAuthSession: a policy session, neither bound nor salted.
 *
 * @param nonce at least 16 octets and at most a digest; no secret
 */
export function startPolicySession(
  hash: TpmHash,
  nonce: Uint8Array,
  type: keyof typeof sessionTypes = 'policy',
): TpmCommand<number> {
  return makeCommand({
    name: 'TPM2_StartAuthSession',
    code: 0x176,
    handles: [hierarchies.null, hierarchies.null],
    parameters(writer) {
      writer.sized(nonce.subarray(0, hashOctets[hash]))
      writer.sized(new Uint8Array())
      writer.uint8(sessionTypes[type])
      writer.uint16(algorithmIds.null)
      writer.uint16(algorithmIds[hash])
    },
    answersHandle: true,
    read(reader, handle) {
      reader.sized(maxDigestOctets)
      return handle
    },
  })
}

/** TPM2_PolicySecret: the session proves that its caller knows the hierarchy's authorisation. */
export function policySecret(
  hierarchy: Hierarchy,
  session: number,
  authorization: Authorization = noPassword,
): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_PolicySecret',
    code: 0x151,
    handles: [hierarchies[hierarchy], session],
    authorizations: [authorization],
    parameters(writer) {
      // nonceTPM, cpHashA, policyRef, expiration: none.
      for (let empty = 0; empty < 3; empty++) writer.sized(new Uint8Array())
      writer.uint32(0)
    },
    read(reader) {
      reader.sized(maxDigestOctets)
      reader.uint16()
      reader.uint32()
      reader.sized(maxDigestOctets)
    },
  })
}

/** TPM2_PolicyOR: the session's policy is one of these. */
export function policyOr(session: number, digests: readonly Uint8Array[]): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_PolicyOR',
    code: 0x171,
    handles: [session],
    parameters: (writer) => writeDigests(writer, digests),
    read: () => {},
  })
}

/** TPM2_PolicyPCR: the registers hold what they hold now. */
export function policyPcr(session: number, selections: readonly PcrSelection[]): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_PolicyPCR',
    code: 0x17f,
    handles: [session],
    parameters(writer) {
      writer.sized(new Uint8Array())
      writePcrSelections(writer, selections)
    },
    read: () => {},
  })
}

/** TPM2_PolicyGetDigest. */
export function policyDigest(session: number): TpmCommand<Uint8Array> {
  return makeCommand({
    name: 'TPM2_PolicyGetDigest',
    code: 0x189,
    handles: [session],
    read: (reader) => reader.sized(maxDigestOctets),
  })
}
