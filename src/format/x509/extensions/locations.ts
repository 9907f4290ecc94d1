// SPDX-License-Identifier: Apache-2.0
import { type Oid, oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive, tag } from '#format/der/tag.ts'
import type { DerWriter } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type GeneralName,
  readGeneralName,
  readGeneralNames,
  writeGeneralName,
  writeGeneralNames,
} from '#format/x509/general-name.ts'
import type { ExtensionCodec } from './codec.ts'

/** RFC 5280 4.2.1.13, by bit number; bit 0 is unused. */
export const reasonFlagNames = [
  'unused',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const
export type ReasonFlagName = (typeof reasonFlagNames)[number]

/** RFC 5280 4.2.1.13; `fullName` is empty if only `crlIssuer` is given. Names relative to the issuer are refused. */
export interface DistributionPoint {
  readonly fullName: readonly GeneralName[]
  readonly reasons?: readonly ReasonFlagName[]
  readonly crlIssuer?: readonly GeneralName[]
}

function distributionPoints(number: number): ExtensionCodec<readonly DistributionPoint[]> {
  return {
    oid: oid(`2.5.29.${number}`),
    critical: false,
    read: (reader) => reader.sequenceOf(readDistributionPoint),
    write(writer, points) {
      writer.sequence(() => {
        for (const point of points) writeDistributionPoint(writer, point)
      })
    },
  }
}

/** RFC 5280 4.2.1.13. */
export const cRLDistributionPoints = distributionPoints(31)

/** RFC 5280 4.2.1.15: where the delta CRLs are. */
export const freshestCRL = distributionPoints(46)

function readDistributionPoint(sequence: DerReader): DistributionPoint {
  const inner = sequence.nonEmpty(tag.sequence)
  const fullName = readPointName(inner)
  const reasons = readReasons(inner, 1)
  const crlIssuer = inner.hasContext(2) ? readGeneralNames(inner, contextConstructed(2)) : undefined
  const end = inner.offset
  inner.end()
  if (fullName.length === 0 && crlIssuer === undefined)
    throw new FormatError('element-missing', end, 'neither a name nor an issuer')
  return {
    fullName,
    ...(reasons === undefined ? {} : { reasons }),
    ...(crlIssuer === undefined ? {} : { crlIssuer }),
  }
}

function readPointName(reader: DerReader): GeneralName[] {
  if (!reader.hasContext(0)) return []
  const inner = reader.context(0)
  if (inner.hasContext(1))
    throw new FormatError('value-not-allowed', inner.offset, 'name relative to the CRL issuer')
  const names = readGeneralNames(inner, contextConstructed(0))
  inner.end()
  return names
}

function readReasons(reader: DerReader, number: number): ReasonFlagName[] | undefined {
  if (!reader.hasPrimitive(number)) return undefined
  const mask = reader.namedBits(reasonFlagNames.length, contextPrimitive(number))
  return reasonFlagNames.filter((_, bit) => (mask >> bit) & 1)
}

function writeDistributionPoint(writer: DerWriter, point: DistributionPoint): void {
  writer.sequence(() => {
    writePointName(writer, point.fullName)
    writeReasons(writer, 1, point.reasons)
    if (point.crlIssuer !== undefined)
      writeGeneralNames(writer, point.crlIssuer, contextConstructed(2))
  })
}

function writePointName(writer: DerWriter, names: readonly GeneralName[]): void {
  if (names.length === 0) return
  writer.context(0, () => writeGeneralNames(writer, names, contextConstructed(0)))
}

function writeReasons(
  writer: DerWriter,
  number: number,
  reasons: readonly ReasonFlagName[] | undefined,
): void {
  if (reasons === undefined) return
  let mask = 0
  for (const reason of reasons) mask |= 1 << reasonFlagNames.indexOf(reason)
  writer.namedBits(mask, contextPrimitive(number))
}

/** RFC 5280 5.2.5: which certificates a CRL speaks of. */
export interface IssuingDistributionPoint {
  readonly fullName?: readonly GeneralName[]
  readonly onlyContainsUserCerts?: boolean
  readonly onlyContainsCACerts?: boolean
  readonly onlySomeReasons?: readonly ReasonFlagName[]
  readonly indirectCRL?: boolean
  readonly onlyContainsAttributeCerts?: boolean
}

export const issuingDistributionPoint: ExtensionCodec<IssuingDistributionPoint> = {
  oid: oid('2.5.29.28'),
  critical: true,
  read(reader) {
    const inner = reader.nonEmpty(tag.sequence)
    const fullName = readPointName(inner)
    const onlyContainsUserCerts = inner.booleanDefaultFalse(contextPrimitive(1))
    const onlyContainsCACerts = inner.booleanDefaultFalse(contextPrimitive(2))
    const onlySomeReasons = readReasons(inner, 3)
    const indirectCRL = inner.booleanDefaultFalse(contextPrimitive(4))
    const onlyContainsAttributeCerts = inner.booleanDefaultFalse(contextPrimitive(5))
    inner.end()
    return {
      ...(fullName.length === 0 ? {} : { fullName }),
      ...(onlyContainsUserCerts ? { onlyContainsUserCerts } : {}),
      ...(onlyContainsCACerts ? { onlyContainsCACerts } : {}),
      ...(onlySomeReasons === undefined ? {} : { onlySomeReasons }),
      ...(indirectCRL ? { indirectCRL } : {}),
      ...(onlyContainsAttributeCerts ? { onlyContainsAttributeCerts } : {}),
    }
  },
  write(writer, point) {
    writer.sequence(() => {
      writePointName(writer, point.fullName ?? [])
      writer.booleanDefaultFalse(point.onlyContainsUserCerts ?? false, contextPrimitive(1))
      writer.booleanDefaultFalse(point.onlyContainsCACerts ?? false, contextPrimitive(2))
      writeReasons(writer, 3, point.onlySomeReasons)
      writer.booleanDefaultFalse(point.indirectCRL ?? false, contextPrimitive(4))
      writer.booleanDefaultFalse(point.onlyContainsAttributeCerts ?? false, contextPrimitive(5))
    })
  },
}

/** RFC 5280 4.2.2: how more is learnt, and where. */
export interface AccessDescription {
  readonly method: Oid
  readonly location: GeneralName
}

function accessDescriptions(text: string): ExtensionCodec<readonly AccessDescription[]> {
  return {
    oid: oid(text),
    critical: false,
    read: (reader) =>
      reader.sequenceOf((sequence) => {
        const inner = sequence.sequence()
        const method = inner.oid()
        const location = readGeneralName(inner)
        inner.end()
        return { method, location }
      }),
    write(writer, descriptions) {
      writer.sequence(() => {
        for (const { method, location } of descriptions)
          writer.sequence(() => {
            writer.oid(method)
            writeGeneralName(writer, location)
          })
      })
    },
  }
}

/** RFC 5280 4.2.2.1. */
export const authorityInfoAccess = accessDescriptions('1.3.6.1.5.5.7.1.1')

/** RFC 5280 4.2.2.2. */
export const subjectInfoAccess = accessDescriptions('1.3.6.1.5.5.7.1.11')
