// SPDX-License-Identifier: Apache-2.0
/**
 * What stands in the column `shard` besides the number of a shard: of a certificate, that none lists it;
 * of a list, which one it is. A certificate's number and its list's are compared, so none may repeat.
 */

/** Of a certificate that names no shard of ours, as of an adopted authority: the full CRL alone lists it. */
export const noShard = -1

/**
 * Of a certificate that says noRevAvail (RFC 9608): no CRL of any kind lists it, ever. That it is revoked
 * is told by the ledger: at our doors, by the verifier, by OCSP and in the compact status.
 */
export const onNoList = -3

/** The list of all that an authority revoked. */
export const fullCrl = -1

/** What changed since a full one. */
export const deltaCrl = -2
