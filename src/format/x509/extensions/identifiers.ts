// SPDX-License-Identifier: Apache-2.0
import { oid } from '#format/der/oid.ts'
import { contextConstructed, contextPrimitive, tag } from '#format/der/tag.ts'
import { FormatError } from '#format/format-error.ts'
import { type GeneralName, readGeneralNames, writeGeneralNames } from '#format/x509/general-name.ts'
import type { ExtensionCodec } from './codec.ts'

/** RFC 5280 4.2.1.1; `issuer` and `serialNumber` (content octets) stand together or not at all. */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Uint8Array
  readonly issuer?: readonly GeneralName[]
  readonly serialNumber?: Uint8Array
}

export const authorityKeyIdentifier: ExtensionCodec<AuthorityKeyIdentifier> = {
  oid: oid('2.5.29.35'),
  critical: false,
  read(reader) {
    const inner = reader.sequence()
    const keyIdentifier = inner.hasPrimitive(0) ? inner.octets(contextPrimitive(0)) : undefined
    const issuer = inner.hasContext(1) ? readGeneralNames(inner, contextConstructed(1)) : undefined
    const start = inner.offset
    const serialNumber = inner.hasPrimitive(2) ? inner.integerBytes(contextPrimitive(2)) : undefined
    inner.end()
    if ((issuer === undefined) !== (serialNumber === undefined))
      throw new FormatError('element-missing', start, 'issuer and serial number go together')
    return {
      ...(keyIdentifier === undefined ? {} : { keyIdentifier }),
      ...(issuer === undefined ? {} : { issuer }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
    }
  },
  write(writer, { keyIdentifier, issuer, serialNumber }) {
    writer.sequence(() => {
      if (keyIdentifier !== undefined) writer.octets(keyIdentifier, contextPrimitive(0))
      if (issuer !== undefined) writeGeneralNames(writer, issuer, contextConstructed(1))
      if (serialNumber !== undefined) writer.integerBytes(serialNumber, contextPrimitive(2))
    })
  },
}

/** RFC 5280 4.2.1.2. */
export const subjectKeyIdentifier: ExtensionCodec<Uint8Array> = {
  oid: oid('2.5.29.14'),
  critical: false,
  read: (reader) => reader.octets(),
  write: (writer, value) => writer.octets(value),
}

function alternativeName(number: number): ExtensionCodec<readonly GeneralName[]> {
  return {
    oid: oid(`2.5.29.${number}`),
    critical: false,
    read: (reader) => readGeneralNames(reader),
    write: writeGeneralNames,
  }
}

/** RFC 5280 4.2.1.6; critical where the subject is empty, which the caller says. */
export const subjectAltName = alternativeName(17)

/** RFC 5280 4.2.1.7. */
export const issuerAltName = alternativeName(18)

/** An extension whose value is one IA5String. */
function address(text: string): ExtensionCodec<string> {
  return {
    oid: oid(text),
    critical: false,
    read: (reader) => reader.text(tag.ia5String),
    write: (writer, value) => writer.text(value, tag.ia5String),
  }
}

/** RFC 8995 2.3.2: where the maker's authorised signing authority answers; often without a scheme. */
export const masaUrl = address('1.3.6.1.5.5.7.1.32')

/** RFC 8520 11: the manufacturer usage description. */
export const mudUrl = address('1.3.6.1.5.5.7.1.25')
