// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { attributes, attributeTypes } from '#format/oids.ts'
import { encodeAttribute } from '#format/x509/attribute.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { encodeCsrAttributes, parseCsrAttributes, templateOf } from './csr-attributes.ts'
import { encodeDummyRsaKey, readRsaKeyBits } from './dummy-rsa-key.ts'
import { requestFromTemplate } from './request-from-template.ts'
import { encodeRequestTemplate, type RequestTemplate } from './request-template.ts'

const empty: RequestTemplate = {
  subject: undefined,
  key: undefined,
  extensions: [],
  attributes: [],
}
const usage = encodeExtension('keyUsage', ['digitalSignature'])
const open = { ...usage, value: undefined }

/** CsrAttrs with templates of these bytes. */
function said(...templates: readonly Uint8Array[]): Uint8Array {
  return encodeDer((writer) =>
    writer.sequence(() => {
      for (const one of templates)
        writer.raw(encodeAttribute({ type: attributes.requestTemplate, values: [one] }))
    }),
  )
}

/** A template written by hand. */
function drawn(write: (writer: DerWriter) => void): Uint8Array {
  return said(encodeDer((writer) => writer.sequence(() => write(writer))))
}

test('a template is read as it was written, whatever is left out of it', () => {
  const given = encodeName([[{ type: attributeTypes.organizationName, value: 'Example' }]])
  const [[part] = []] = given.rdns
  const { type } = part ?? assert.fail()
  for (const template of [
    empty,
    { ...empty, subject: [] },
    {
      ...empty,
      subject: [
        [
          { type, given: part },
          { type: attributeTypes.commonName, given: undefined },
        ].reverse(),
      ],
    },
    { ...empty, extensions: [usage] },
    { ...empty, extensions: [usage, { ...open, oid: oid('2.5.29.17') }] },
    { ...empty, attributes: [{ type: oid('1.2.3'), values: [Uint8Array.of(5, 0)] }] },
  ]) {
    const wanted = [{ kind: 'template', template }] as const
    assert.deepEqual(parseCsrAttributes(encodeCsrAttributes(wanted)), wanted)
  }
})

test('a template that RFC 9908 does not allow is refused', () => {
  const none = encodeRequestTemplate(empty)
  const whole = encodeRequestTemplate({ ...empty, extensions: [usage] })
  const requests = (...types: readonly (typeof attributes)[keyof typeof attributes][]) =>
    drawn((writer) => {
      writer.integer(0)
      const value = encodeDer((inner) =>
        inner.sequence(() =>
          inner.sequence(() => {
            inner.oid(usage.oid)
            inner.booleanDefaultFalse(true)
            inner.octets(usage.value)
          }),
        ),
      )
      writer.setOf(
        types.map((type) => encodeAttribute({ type, values: [value] })),
        0xa1,
      )
    })
  const { extensionRequest, extensionRequestTemplate } = attributes
  for (const [der, code] of [
    [said(none, none), 'value-not-allowed'],
    [
      encodeDer((w) =>
        w.sequence(() =>
          w.raw(encodeAttribute({ type: attributes.requestTemplate, values: [none, whole] })),
        ),
      ),
      'value-not-allowed',
    ],
    [drawn((writer) => writer.integer(1)), 'version-unknown'],
    [drawn((writer) => writer.integer(0)), 'element-missing'],
    [requests(extensionRequestTemplate), 'value-not-allowed'],
    [requests(extensionRequest, extensionRequestTemplate), 'value-not-allowed'],
    [said(encodeRequestTemplate({ ...empty, extensions: [open, open] })), 'extension-duplicate'],
    [
      said(
        encodeRequestTemplate({
          ...empty,
          subject: [
            Array.from({ length: 101 }, () => ({
              type: attributeTypes.commonName,
              given: undefined,
            })),
          ],
        }),
      ),
      'too-many',
    ],
    [
      said(
        encodeRequestTemplate({
          ...empty,
          extensions: Array.from({ length: 101 }, (_, n) => ({ ...open, oid: oid(`2.5.29.${n}`) })),
        }),
      ),
      'too-many',
    ],
  ] as const)
    assert.throws(() => parseCsrAttributes(der), { code }, code)
})

test('an extension request without a value stands in the form for that alone', () => {
  const partial = encodeRequestTemplate({ ...empty, extensions: [open] }).toHex()
  const whole = encodeRequestTemplate({ ...empty, extensions: [usage] }).toHex()
  const form = (type: (typeof attributes)[keyof typeof attributes]) =>
    encodeDer((writer) => writer.oid(type)).toHex()
  assert.ok(partial.includes(form(attributes.extensionRequestTemplate)))
  assert.ok(whole.includes(form(attributes.extensionRequest)))
})

test('a client takes what is given, fills in what is left out, and says what it does not know', () => {
  const template = {
    ...empty,
    subject: [[{ type: attributeTypes.commonName, given: undefined }]],
    extensions: [usage, { ...open, oid: oid('2.5.29.17') }],
  }
  assert.deepEqual(requestFromTemplate(template, { attributes: {}, extensions: {} }), {
    kind: 'lacking',
    oids: [attributeTypes.commonName, '2.5.29.17'],
  })
  const facts = {
    attributes: { [attributeTypes.commonName]: 'PUMP-1' },
    extensions: { '2.5.29.17': Uint8Array.of(0x30, 0) },
  }
  const filled = requestFromTemplate(template, facts)
  assert.ok(filled.kind === 'filled')
  assert.deepEqual(
    filled.info.extensions?.map(({ oid: type }) => type),
    [usage.oid, '2.5.29.17'],
  )
  assert.equal(templateOf([]), undefined)
})

test('the dummy of an RSA key says its size', () => {
  for (const bits of [2048, 3072, 4096]) assert.equal(readRsaKeyBits(encodeDummyRsaKey(bits)), bits)
})
