// SPDX-License-Identifier: Apache-2.0
/**
 * What certificates of TPMs are known to get wrong, one row a rule, with the words that people read.
 *
 * Each row is a local rewrite that does not change what the certificate says; whatever is not in this table stays an
 * error. The signature is checked over the bytes as they came.
 */
export const oddities = {
  'attribute-string-type': 'a name has a string of a type that its attribute does not allow',
  'boolean-encoding': 'a boolean is spelt out where it is the default, or is neither 00 nor ff',
  'extension-critical': 'an extension of the TCG, or subjectDirectoryAttributes, is critical',
  'extension-unreadable': 'an extension that restricts nothing cannot be read and was passed over',
  'key-algorithm-oaep': 'the key names RSAES-OAEP instead of rsaEncryption',
  'key-parameters-absent': 'the RSA key lacks its NULL parameters',
  'key-usage-encoding': 'keyUsage has trailing zero bits',
  'name-not-sorted': 'the attributes within one part of a name are not in order',
  'serial-number': 'the serial number is negative, zero, padded or over 20 octets',
  'signature-parameters-absent': 'the RSA signature lacks its NULL parameters',
  'time-form': 'a time has no seconds, an offset, or the form of another century',
  'tpm-names-absent': 'subjectAltName does not name maker, model and version of the TPM',
  'trailing-padding': 'padding follows the certificate, as read from the memory of a TPM',
} as const satisfies Record<string, string>

export type Oddity = keyof typeof oddities

/** Collects what was odd, each once. */
export type Note = (oddity: Oddity) => void
