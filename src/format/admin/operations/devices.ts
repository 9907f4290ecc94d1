// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import {
  deviceState,
  exposure,
  id,
  instant,
  label,
  name,
  paging,
  reason,
  serial,
} from '../fields.ts'
import { operation } from '../operation.ts'
import { certificateView, deviceView, entranceView, eventView, productView } from '../views.ts'
import { ekSha256 } from './attestation.ts'
import { keyView } from './keys.ts'

const device = id('dev').describe('the device')
const product = id('prd').describe('the product')

/** What is known of a device beside product and serial. */
const particulars = {
  hardwareRevision: label.optional().describe('hardware revision'),
  lot: label.optional().describe('production lot'),
  udiDi: label.optional().describe('UDI device identifier'),
}

/** One line of the answer to an import. */
export const importLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), row: z.int(), reason: z.string(), detail: z.string() }),
  z.object({ kind: z.literal('progress'), rows: z.int(), bytes: z.int() }),
  z.object({
    kind: z.literal('done'),
    rows: z.int(),
    added: z.int(),
    unchanged: z.int(),
    refused: z.int(),
  }),
  z.object({
    kind: z.literal('stopped'),
    row: z.int(),
    reason: z.string(),
    detail: z.string(),
    added: z.int(),
    unchanged: z.int(),
    refused: z.int(),
  }),
])

export const devices = {
  'product.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/products',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('the name of the product'),
      exposure: exposure
        .default('patient-data')
        .describe(
          'what a false device could reach; it is recorded, and asks nothing of profiles yet',
        ),
      maker: name
        .optional()
        .describe('who makes it; needed once, then the one maker of this installation stands'),
      profile: name.default('ldevid').describe('the profile of its working identities, by name'),
      birthProfile: name.default('idevid').describe('the profile of its birth identities, by name'),
    }),
    output: z.object({ product: productView, entrances: z.array(entranceView) }),
    summary: 'add a product',
    help: 'Opens two doors for its devices: one for working identities, named like the product, and one for birth identities, whose name ends in -birth.',
    positional: ['name'],
  }),

  'product.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/products',
    role: 'auditor',
    builders: true,
    input: z.strictObject({
      ...paging,
      name: name.optional().describe('only the one of this name'),
    }),
    output: productView,
    summary: 'list the products',
    help: 'Shows every product in the order in which they were added.',
  }),

  'product.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/products/:product',
    role: 'auditor',
    input: z.strictObject({ product }),
    output: z.object({ ...productView.shape, entrances: z.array(entranceView) }),
    summary: 'show a product and its doors',
    help: 'Shows the labels under which its devices enrol, with the profile and the authority of each.',
    positional: ['product'],
    references: { product: 'product' },
  }),

  'entrance.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/entrances',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      label: z
        .string()
        .regex(
          /^[a-z0-9](?:[a-z0-9-]{0,44}[a-z0-9])?$/,
          'a label is up to 46 of a to z, 0 to 9 and inner dashes',
        )
        .describe('what devices write into the address; never used again for another'),
      product,
      profile: name.describe('the profile of the certificates that are made there, by name'),
      authority: id('aut')
        .optional()
        .describe(
          'who issues there; else the newest of the usual chain, and its twin if it has one',
        ),
    }),
    output: entranceView,
    summary: 'open a further door for the devices of a product',
    help: 'For a second kind of identity beside the two doors that every product has. It stays for ever. Devices that name no label go to the door that is named like the product.',
    positional: ['label'],
    references: { product: 'product', authority: 'authority' },
  }),

  'device.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      product,
      serial: serial.describe('the serial that is printed on the unit'),
      ...particulars,
      ekSha256: ekSha256
        .optional()
        .describe(
          'of its TPM: the SHA-256 of the endorsement key or of the certificate of that, as DER',
        ),
    }),
    output: deviceView,
    summary: 'expect a device',
    help: 'Only an expected device is given an identity. It needs a code (code new), a birth certificate, or the TPM that is registered for it to enrol.',
    positional: ['serial'],
    references: { product: 'product' },
  }),

  'device.import': operation({
    kind: 'upload',
    method: 'POST',
    path: '/devices/imports',
    role: 'operator',
    input: z.strictObject({
      product: product
        .optional()
        .describe('the product of all rows; else the file has a column `product` with names'),
    }),
    output: importLine,
    summary: 'expect many devices, from a CSV file',
    help: 'The first row names the columns: serial, and where known hardwareRevision, lot, udiDi, ekSha256 (of its TPM) and product. A device that is here already with the same particulars is counted, not refused, so the same file can be sent again. Refused rows are named by number; after 1000 of them the import stops.',
    references: { product: 'product' },
  }),

  'device.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/devices',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only devices of this product'),
      state: deviceState.optional().describe('only devices in this state'),
      lot: label.optional().describe('only devices of this lot'),
      serial: serial.optional().describe('only devices with exactly this serial'),
      serialPrefix: label.optional().describe('only devices whose serial begins so'),
      under: id('aut')
        .optional()
        .describe('only devices whose working identity hangs under this authority'),
      anchors: id('anc')
        .optional()
        .describe('only devices that were given this set of roots last, see "anchor list"'),
      missed: z
        .boolean()
        .default(false)
        .describe('only devices that should have renewed by now, the longest silent first'),
    }),
    output: deviceView,
    summary: 'list devices',
    help: 'Filters add up: each narrows what the others leave; only a beginning of serials and --missed cannot be asked together.',
    references: { product: 'product', under: 'authority' },
  }),

  'device.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/devices/:device',
    role: 'auditor',
    input: z.strictObject({ device }),
    output: z.object({
      ...deviceView.shape,
      productName: z.string(),
      /** The roots that it fetched last over a connection of its own; null: none yet. */
      anchorSet: z
        .object({ number: z.int(), anchors: z.array(z.string()), isNewest: z.boolean() })
        .nullable(),
      certificates: z.array(certificateView),
      keys: z.array(keyView),
      events: z.array(eventView),
    }),
    summary: 'show a device, what it has and what happened to it',
    help: 'Shows the latest 100 certificates, keys and events, newest first. How a key was made is what the device says.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.watch': operation({
    kind: 'events',
    method: 'GET',
    path: '/devices/:device/watch',
    role: 'auditor',
    input: z.strictObject({ device }),
    output: z.object({
      /** True once the device has proved itself here. */
      here: z.boolean(),
      device: deviceView,
      /** What happened; null for the first answer, which tells how things stand. */
      event: z.string().nullable(),
      words: z.string(),
    }),
    summary: 'watch a device arrive',
    help: 'Says at once how the device stands, and then each change as it happens, until you leave.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.rebind': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/rebind',
    role: 'operator',
    input: z.strictObject({ device, reason: reason.describe('why the board was changed') }),
    output: deviceView,
    summary: 'give a device a new board',
    help: 'Revokes every certificate of the old board and lets the device enrol once more with a new key. The old key is never accepted again.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.allow-re-enrol': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/allow-re-enrol',
    role: 'operator',
    input: z.strictObject({ device, reason: reason.describe('why it must enrol again') }),
    output: deviceView,
    summary: 'let a device enrol once more',
    help: 'For a device that lost its key or its certificate. What it has stays good until replaced. Recorded as an exception.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.quarantine': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/quarantine',
    role: 'operator',
    input: z.strictObject({ device, reason: reason.describe('why it is held back') }),
    output: deviceView,
    summary: 'hold a device back until somebody has looked at it',
    help: 'It gets nothing more from now on and all its certificates are suspended, on the revocation lists too; its sessions end. Nothing is lost: "device release" undoes it.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.release': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/release',
    role: 'operator',
    input: z.strictObject({ device, reason: reason.describe('why it is believed again') }),
    output: deviceView,
    summary: 'end the quarantine of a device',
    help: 'The device is what it was before, and the certificates that the quarantine suspended are believed again. What was revoked meanwhile stays revoked.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'device.retire': operation({
    kind: 'plain',
    method: 'POST',
    path: '/devices/:device/retire',
    role: 'operator',
    input: z.strictObject({ device, reason: reason.describe('why it is taken out of service') }),
    output: deviceView,
    summary: 'take a device out of service for ever',
    help: 'Revokes all its certificates and ends its codes. Its serial stays known and is not used again.',
    positional: ['device'],
    references: { device: 'device' },
  }),

  'code.new': operation({
    kind: 'plain',
    method: 'POST',
    path: '/codes',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      device,
      validForHours: z
        .int()
        .min(1)
        .max(720)
        .default(24)
        .describe('how many hours the code is good, up to 720'),
    }),
    output: z.object({
      id: id('cod'),
      device: id('dev'),
      serial: z.string(),
      code: z.string().describe('shown this once; only a hash of it is kept'),
      expiresAt: instant,
    }),
    summary: 'make an enrolment code for a device',
    help: 'The code is good once, for this device only, and is shown only now. Codes made before for the same device end.',
    positional: ['device'],
    flags: { validForHours: 'hours' },
    references: { device: 'device' },
  }),
} as const
