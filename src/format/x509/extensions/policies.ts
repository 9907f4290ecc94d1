// SPDX-License-Identifier: Apache-2.0
import { type Oid, oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive, tag } from '#format/der/tag.ts'
import type { StringTag } from '#format/der/text.ts'
import type { DerWriter } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type GeneralName, readGeneralName, writeGeneralName } from '#format/x509/general-name.ts'
import type { ExtensionCodec } from './codec.ts'

const greatestInteger = 0x7fff_ffff

/** RFC 5280 4.2.1.4. Re-encoding writes `text` as UTF8String, whatever type it was read from. */
export interface UserNotice {
  readonly organization?: string
  readonly noticeNumbers?: readonly number[]
  readonly text?: string
}

/** RFC 5280 4.2.1.4: a policy and its qualifiers; re-encoding writes `cps` before `notices`. */
export interface PolicyInformation {
  readonly oid: Oid
  readonly cps?: readonly string[]
  readonly notices?: readonly UserNotice[]
}

const cpsQualifier = oid('1.3.6.1.5.5.7.2.1')
const noticeQualifier = oid('1.3.6.1.5.5.7.2.2')

export const certificatePolicies: ExtensionCodec<readonly PolicyInformation[]> = {
  oid: oid('2.5.29.32'),
  critical: false,
  read(reader) {
    const seen = new Set<Oid>()
    return reader.sequenceOf((sequence) => {
      const start = sequence.offset
      const policy = readPolicy(sequence)
      if (seen.has(policy.oid))
        throw new FormatError('value-not-allowed', start, `policy ${policy.oid} stands twice`)
      seen.add(policy.oid)
      return policy
    })
  },
  write(writer, policies) {
    writer.sequence(() => {
      for (const policy of policies) writePolicy(writer, policy)
    })
  },
}

function readPolicy(sequence: DerReader): PolicyInformation {
  const inner = sequence.sequence()
  const policy = inner.oid()
  const cps: string[] = []
  const notices: UserNotice[] = []
  if (inner.hasMore) inner.sequenceOf((qualifiers) => readQualifier(qualifiers, cps, notices))
  inner.end()
  return {
    oid: policy,
    ...(cps.length === 0 ? {} : { cps }),
    ...(notices.length === 0 ? {} : { notices }),
  }
}

function readQualifier(qualifiers: DerReader, cps: string[], notices: UserNotice[]): void {
  const inner = qualifiers.sequence()
  const start = inner.offset
  const kind = inner.oid()
  if (kind === cpsQualifier) cps.push(inner.text(tag.ia5String))
  else if (kind === noticeQualifier) notices.push(readNotice(inner))
  else throw new FormatError('value-not-allowed', start, `policy qualifier ${kind}`)
  inner.end()
}

function readNotice(qualifier: DerReader): UserNotice {
  const inner = qualifier.sequence()
  const reference = inner.peek() === tag.sequence ? readNoticeReference(inner) : {}
  const text = inner.hasMore ? readDisplayText(inner) : undefined
  inner.end()
  return { ...reference, ...(text === undefined ? {} : { text }) }
}

function readNoticeReference(notice: DerReader): UserNotice {
  const inner = notice.sequence()
  const organization = readDisplayText(inner)
  const noticeNumbers = inner.sequenceOf((number) => number.smallInteger(greatestInteger), true)
  inner.end()
  return { organization, noticeNumbers }
}

/** DisplayText: one of four string types. */
const displayTypes: readonly StringTag[] = [
  tag.utf8String,
  tag.ia5String,
  tag.visibleString,
  tag.bmpString,
]

function readDisplayText(reader: DerReader): string {
  const found = reader.peek()
  const type = displayTypes.find((one) => one === found)
  if (type === undefined) throw new FormatError('string-type-wrong', reader.offset)
  return reader.text(type)
}

function writePolicy(writer: DerWriter, policy: PolicyInformation): void {
  const { cps = [], notices = [] } = policy
  writer.sequence(() => {
    writer.oid(policy.oid)
    if (cps.length + notices.length === 0) return
    writer.sequence(() => {
      for (const uri of cps)
        writeQualifier(writer, cpsQualifier, () => writer.text(uri, tag.ia5String))
      for (const notice of notices)
        writeQualifier(writer, noticeQualifier, () => writeNotice(writer, notice))
    })
  })
}

function writeQualifier(writer: DerWriter, kind: Oid, value: () => void): void {
  writer.sequence(() => {
    writer.oid(kind)
    value()
  })
}

function writeNotice(writer: DerWriter, notice: UserNotice): void {
  const { organization, noticeNumbers = [], text } = notice
  writer.sequence(() => {
    if (organization !== undefined)
      writer.sequence(() => {
        writer.text(organization, tag.utf8String)
        writer.sequence(() => {
          for (const number of noticeNumbers) writer.integer(number)
        })
      })
    if (text !== undefined) writer.text(text, tag.utf8String)
  })
}

/** RFC 5280 4.2.1.5. */
export interface PolicyMapping {
  readonly issuerDomainPolicy: Oid
  readonly subjectDomainPolicy: Oid
}

export const policyMappings: ExtensionCodec<readonly PolicyMapping[]> = {
  oid: oid('2.5.29.33'),
  critical: true,
  read: (reader) =>
    reader.sequenceOf((sequence) => {
      const inner = sequence.sequence()
      const issuerDomainPolicy = inner.oid()
      const subjectDomainPolicy = inner.oid()
      inner.end()
      return { issuerDomainPolicy, subjectDomainPolicy }
    }),
  write(writer, mappings) {
    writer.sequence(() => {
      for (const mapping of mappings)
        writer.sequence(() => {
          writer.oid(mapping.issuerDomainPolicy)
          writer.oid(mapping.subjectDomainPolicy)
        })
    })
  },
}

/** RFC 5280 4.2.1.11: skip counts; at least one. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number
  readonly inhibitPolicyMapping?: number
}

export const policyConstraints: ExtensionCodec<PolicyConstraints> = {
  oid: oid('2.5.29.36'),
  critical: true,
  read(reader) {
    const inner = reader.nonEmpty(tag.sequence)
    const requireExplicitPolicy = readSkip(inner, 0)
    const inhibitPolicyMapping = readSkip(inner, 1)
    inner.end()
    return {
      ...(requireExplicitPolicy === undefined ? {} : { requireExplicitPolicy }),
      ...(inhibitPolicyMapping === undefined ? {} : { inhibitPolicyMapping }),
    }
  },
  write(writer, { requireExplicitPolicy, inhibitPolicyMapping }) {
    writer.sequence(() => {
      if (requireExplicitPolicy !== undefined)
        writer.integer(requireExplicitPolicy, contextPrimitive(0))
      if (inhibitPolicyMapping !== undefined)
        writer.integer(inhibitPolicyMapping, contextPrimitive(1))
    })
  },
}

function readSkip(reader: DerReader, number: number): number | undefined {
  if (!reader.hasPrimitive(number)) return undefined
  return reader.smallInteger(greatestInteger, contextPrimitive(number))
}

/** RFC 5280 4.2.1.14: a skip count. */
export const inhibitAnyPolicy: ExtensionCodec<number> = {
  oid: oid('2.5.29.54'),
  critical: true,
  read: (reader) => reader.smallInteger(greatestInteger),
  write: (writer, value) => writer.integer(value),
}

/** RFC 5280 4.2.1.10: `minimum` is 0 and `maximum` absent, always. */
export interface Subtree {
  readonly base: GeneralName
}

export interface NameConstraints {
  readonly permitted: readonly Subtree[]
  readonly excluded: readonly Subtree[]
}

export const nameConstraints: ExtensionCodec<NameConstraints> = {
  oid: oid('2.5.29.30'),
  critical: true,
  read(reader) {
    const inner = reader.nonEmpty(tag.sequence)
    const permitted = readSubtrees(inner, 0)
    const excluded = readSubtrees(inner, 1)
    inner.end()
    return { permitted, excluded }
  },
  write(writer, { permitted, excluded }) {
    writer.sequence(() => {
      writeSubtrees(writer, 0, permitted)
      writeSubtrees(writer, 1, excluded)
    })
  },
}

/** An address and its mask. */
const subnetLengths = [8, 32] as const

function readSubtrees(reader: DerReader, number: number): Subtree[] {
  if (!reader.hasContext(number)) return []
  const subtrees = reader.nonEmpty(contextConstructed(number))
  const read: Subtree[] = []
  while (subtrees.hasMore) {
    const inner = subtrees.sequence()
    const base = readGeneralName(inner, subnetLengths)
    if (inner.hasPrimitive(0)) refuseMinimum(inner)
    if (inner.hasMore) throw new FormatError('value-not-allowed', inner.offset, 'maximum')
    read.push({ base })
  }
  return read
}

function refuseMinimum(inner: DerReader): never {
  const start = inner.offset
  if (inner.smallInteger(greatestInteger, contextPrimitive(0)) === 0)
    throw new FormatError('default-encoded', start, 'minimum 0')
  throw new FormatError('value-not-allowed', start, 'minimum other than 0')
}

function writeSubtrees(writer: DerWriter, number: number, subtrees: readonly Subtree[]): void {
  if (subtrees.length === 0) return
  writer.context(number, () => {
    for (const { base } of subtrees) writer.sequence(() => writeGeneralName(writer, base))
  })
}
