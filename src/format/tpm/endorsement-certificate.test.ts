// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { oid } from '#format/der/oid.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { algorithms, tpmKeyPurposes } from '#format/oids.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { type Oddity, oddities } from './endorsement/oddities.ts'
import { parseEndorsementCertificate } from './endorsement-certificate.ts'

const odd = 'odd-endorsement-certificate'
const ascii = new TextEncoder()

type Write = (writer: DerWriter) => void

/** The parts of a certificate, each as one test wants to write it. */
interface Parts {
  readonly serial: Uint8Array
  readonly signature: Write
  readonly issuer: Write
  readonly notBefore: readonly [number, string]
  readonly notAfter: readonly [number, string]
  readonly key: Write
  readonly extensions: readonly Write[]
}

const derNull = Uint8Array.of(5, 0)

function algorithm(id: ReturnType<typeof oid>, parameters?: Uint8Array): Write {
  return (writer) =>
    writer.sequence(() => {
      writer.oid(id)
      if (parameters !== undefined) writer.raw(parameters)
    })
}

/** One part of a name from (type, string tag, octets). */
function part(...attributes: readonly [string, number, string][]): Write {
  return (writer) =>
    writer.constructed(tag.set, () => {
      for (const [type, string, value] of attributes)
        writer.sequence(() => {
          writer.oid(oid(type))
          writer.octets(
            Uint8Array.from(value, (sign) => sign.charCodeAt(0)),
            string,
          )
        })
    })
}

function name(...parts: readonly Write[]): Write {
  return (writer) =>
    writer.sequence(() => {
      for (const write of parts) write(writer)
    })
}

function key(write: Write): Write {
  const modulus = new Uint8Array(257).fill(0xc5, 1)
  return (writer) =>
    writer.sequence(() => {
      write(writer)
      writer.bitStringOctets(
        encodeDer((inner) =>
          inner.sequence(() => {
            inner.octets(modulus, tag.integer)
            inner.integer(65_537)
          }),
        ),
      )
    })
}

function extension(id: string, critical: Uint8Array | undefined, value: Write): Write {
  return (writer) =>
    writer.sequence(() => {
      writer.oid(oid(id))
      if (critical !== undefined) writer.octets(critical, tag.boolean)
      writer.octets(encodeDer(value))
    })
}

const yes = Uint8Array.of(0xff)
/** In the order of DER: the shortest first. */
const tpmPart = part(
  ['2.23.133.2.2', tag.utf8String, 'SLB9670'],
  ['2.23.133.2.1', tag.utf8String, 'id:49465800'],
  ['2.23.133.2.3', tag.utf8String, 'id:00070055'],
)

function alternativeName(...parts: readonly Write[]): Write {
  return extension('2.5.29.17', yes, (writer) =>
    writer.sequence(() => writer.context(4, () => name(...parts)(writer))),
  )
}

const purpose = extension('2.5.29.37', undefined, (writer) =>
  writer.sequence(() => writer.oid(tpmKeyPurposes.endorsement)),
)

const usual: Parts = {
  serial: Uint8Array.of(0x11),
  signature: algorithm(algorithms.sha256WithRsa, derNull),
  issuer: name(part(['2.5.4.3', tag.utf8String, 'Chip Maker'])),
  notBefore: [tag.utcTime, '250101000000Z'],
  notAfter: [tag.generalizedTime, '99991231235959Z'],
  key: key(algorithm(algorithms.rsaEncryption, derNull)),
  extensions: [alternativeName(tpmPart), purpose],
}

/** A certificate of these parts; its signature is eight octets of nothing. */
function certificate(change: Partial<Parts> = {}): Uint8Array {
  const parts = { ...usual, ...change }
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.sequence(() => {
        writer.context(0, () => writer.integer(2))
        writer.octets(parts.serial, tag.integer)
        parts.signature(writer)
        parts.issuer(writer)
        writer.sequence(() => {
          for (const [timeTag, text] of [parts.notBefore, parts.notAfter])
            writer.octets(ascii.encode(text), timeTag)
        })
        name()(writer)
        parts.key(writer)
        writer.context(3, () =>
          writer.sequence(() => {
            for (const write of parts.extensions) write(writer)
          }),
        )
      })
      parts.signature(writer)
      writer.bitStringOctets(new Uint8Array(8))
    }),
  )
}

const withExtension = (write: Write) => ({ extensions: [...usual.extensions, write] })

/** For each oddity, certificates that have it and no other. */
const examples: Readonly<Record<Oddity, readonly Uint8Array[]>> = {
  'attribute-string-type': [
    certificate({ issuer: name(part(['2.5.4.3', tag.teletexString, 'Chip M\u00e4ker'])) }),
    certificate({ issuer: name(part(['2.5.4.3', tag.printableString, 'chip@maker'])) }),
    certificate({ issuer: name(part(['2.5.4.6', tag.utf8String, 'DE'])) }),
    certificate({ issuer: name(part(['2.5.4.3', tag.bmpString, '\0C\0h'])) }),
  ],
  'boolean-encoding': [
    certificate(
      withExtension(
        extension('2.5.29.19', yes, (writer) =>
          writer.sequence(() => writer.octets(Uint8Array.of(0), tag.boolean)),
        ),
      ),
    ),
    certificate(
      withExtension(
        extension('2.5.29.19', Uint8Array.of(1), (writer) => writer.sequence(() => {})),
      ),
    ),
  ],
  'extension-critical': [
    certificate(
      withExtension(extension('2.5.29.9', yes, (writer) => writer.sequence(() => writer.null()))),
    ),
    certificate(withExtension(extension('2.23.133.1.0', yes, (writer) => writer.integer(1)))),
  ],
  'extension-unreadable': [
    certificate(withExtension(extension('2.5.29.35', undefined, (writer) => writer.integer(1)))),
  ],
  'key-algorithm-oaep': [certificate({ key: key(algorithm(algorithms.rsaesOaep, derNull)) })],
  'key-parameters-absent': [certificate({ key: key(algorithm(algorithms.rsaEncryption)) })],
  'key-usage-encoding': [
    certificate(
      withExtension(
        extension('2.5.29.15', yes, (writer) =>
          writer.octets(Uint8Array.of(0, 0x20), tag.bitString),
        ),
      ),
    ),
  ],
  'name-not-sorted': [
    certificate({
      extensions: [
        alternativeName(
          part(
            ['2.23.133.2.3', tag.utf8String, 'id:1'],
            ['2.23.133.2.1', tag.utf8String, 'id:1'],
            ['2.23.133.2.2', tag.utf8String, 'x'],
          ),
        ),
      ],
    }),
  ],
  'serial-number': [
    certificate({ serial: Uint8Array.of(0x80, 1) }),
    certificate({ serial: Uint8Array.of(0) }),
    certificate({ serial: Uint8Array.of(0, 1) }),
    certificate({ serial: new Uint8Array(21).fill(0x11) }),
  ],
  'signature-parameters-absent': [certificate({ signature: algorithm(algorithms.sha256WithRsa) })],
  'time-form': [
    certificate({ notBefore: [tag.utcTime, '2501010000Z'] }),
    certificate({ notBefore: [tag.utcTime, '250101010000+0100'] }),
    certificate({ notBefore: [tag.generalizedTime, '20250101000000Z'] }),
    certificate({ notBefore: [tag.generalizedTime, '20250101000000.0Z'] }),
  ],
  'tpm-names-absent': [certificate({ extensions: [purpose] })],
  'trailing-padding': [
    concatBytes([certificate(), new Uint8Array(40)]),
    concatBytes([certificate(), new Uint8Array(40).fill(0xff)]),
  ],
}

/** Algorithms are no matter of format: `importPublicKey` and `verifySignature` refuse these. */
const leftToTrust: readonly string[] = [
  'key-algorithm-oaep',
  'key-parameters-absent',
  'signature-parameters-absent',
] satisfies readonly Oddity[]

describe('a certificate of an endorsement key', () => {
  test('tells maker, model and version of its TPM', () => {
    assert.deepEqual(parseEndorsementCertificate(certificate()).tpm, {
      manufacturer: 'IFX',
      model: 'SLB9670',
      version: 'id:00070055',
    })
  })

  test('may name its TPM in three parts of a name, and in words instead of an id', () => {
    const parts = alternativeName(
      part(['2.23.133.2.1', tag.utf8String, 'Chips']),
      part(['2.23.133.2.2', tag.utf8String, 'x']),
      part(['2.23.133.2.3', tag.utf8String, '1']),
    )
    const { tpm } = parseEndorsementCertificate(certificate({ extensions: [parts] }))
    assert.deepEqual(tpm, { manufacturer: 'Chips', model: 'x', version: '1' })
  })

  test('keeps an id that is no text as it is', () => {
    const [, rsa] = formatVectors.filter(({ name: one }) => one.startsWith('swtpm-endorsement'))
    assert.deepEqual(parseEndorsementCertificate(rsa!.bytes).tpm, {
      manufacturer: 'id:00001014',
      model: 'swtpm',
      version: 'id:20191023',
    })
  })

  for (const [oddity, all] of Object.entries(examples))
    for (const [index, bytes] of all.entries())
      test(`${index + 1} with ${oddity} is strictly no such certificate, and is read with that noted alone`, () => {
        if (leftToTrust.includes(oddity)) parseEndorsementCertificate(bytes)
        else assert.throws(() => parseEndorsementCertificate(bytes), { name: 'FormatError' })
        assert.deepEqual(parseEndorsementCertificate(bytes, odd).oddities, [oddity])
      })

  test('has an example for each oddity', () => {
    assert.deepEqual(Object.keys(examples), Object.keys(oddities))
  })

  test('is read the same, without oddities, where the strict parser takes it', () => {
    const strict = parseEndorsementCertificate(certificate())
    assert.deepEqual(parseEndorsementCertificate(certificate(), odd), strict)
  })

  test('keeps the bytes that were signed, and the serial number as it came', () => {
    const bytes = concatBytes([
      certificate({
        serial: Uint8Array.of(0x80, 1),
        notBefore: [tag.utcTime, '2501010000Z'],
        key: key(algorithm(algorithms.rsaesOaep, derNull)),
      }),
      new Uint8Array(3),
    ])
    const { certificate: read, oddities: found } = parseEndorsementCertificate(bytes, odd)
    assert.deepEqual(read.der, bytes.subarray(0, -3))
    assert.deepEqual(read.tbs, bytes.subarray(4, 4 + read.tbs.length))
    assert.deepEqual(read.serialNumber, Uint8Array.of(0x80, 1))
    assert.equal(read.notBefore.toString(), '2025-01-01T00:00:00Z')
    assert.equal(read.publicKey.algorithm.oid, algorithms.rsaEncryption)
    assert.equal(found.length, 4)
  })

  test('has names that compare with those of a sound certificate', () => {
    const [teletex] = examples['attribute-string-type']
    const { certificate: read } = parseEndorsementCertificate(teletex!, odd)
    assert.equal(formatName(read.issuer), 'CN=Chip M\u00e4ker')
  })

  test('loses an unreadable extension only where it restricts nothing', () => {
    const [hint] = examples['extension-unreadable']
    const { certificate: read } = parseEndorsementCertificate(hint!, odd)
    assert.equal(readExtension(read.extensions, 'authorityKeyIdentifier'), undefined)
    for (const id of ['2.5.29.37', '2.5.29.30', '2.5.29.36', '2.5.29.15', '2.5.29.19']) {
      const broken = extension(id, undefined, (writer) => writer.integer(1))
      const bytes = certificate({ extensions: [alternativeName(tpmPart), broken] })
      assert.throws(() => parseEndorsementCertificate(bytes, odd), { name: 'FormatError' })
    }
    const critical = extension('2.5.29.35', yes, (writer) => writer.integer(1))
    assert.throws(() => parseEndorsementCertificate(certificate(withExtension(critical)), odd))
  })

  test('with a stranger that is critical is refused with leniency, too', () => {
    const stranger = extension('1.2.3.4', yes, (writer) => writer.null())
    assert.throws(() => parseEndorsementCertificate(certificate(withExtension(stranger)), odd), {
      code: 'extension-unknown-critical',
    })
  })

  test('with anything but padding behind it is refused with leniency, too', () => {
    for (const more of [Uint8Array.of(0, 1), Uint8Array.of(0x30, 0), Uint8Array.of(0xff, 0)]) {
      const bytes = concatBytes([certificate(), more])
      assert.throws(() => parseEndorsementCertificate(bytes, odd), { code: 'trailing-bytes' })
    }
  })

  test('with a moment that does not exist is refused with leniency, too', () => {
    for (const text of ['250230000000Z', '251301000000Z', '250101000060Z', '2501010000', 'x'])
      assert.throws(
        () => parseEndorsementCertificate(certificate({ notBefore: [tag.utcTime, text] }), odd),
        { code: 'time-malformed' },
      )
  })

  test('with a serial number of 65 octets or of none is refused with leniency, too', () => {
    for (const serial of [new Uint8Array(65).fill(1), new Uint8Array(0)])
      assert.throws(() => parseEndorsementCertificate(certificate({ serial }), odd), {
        code: 'serial-number-wrong',
      })
  })

  test('says of a fault that remains what else was odd', () => {
    const bytes = certificate({
      notBefore: [tag.utcTime, '2501010000Z'],
      extensions: [purpose, purpose],
    })
    assert.throws(() => parseEndorsementCertificate(bytes, odd), {
      code: 'extension-duplicate',
      offset: 0,
      message: /time-form set right/,
    })
  })
})
