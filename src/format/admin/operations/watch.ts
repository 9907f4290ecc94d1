// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, label, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'

const severity = z.enum(['notice', 'warning', 'critical'])
const alarm = id('alm').describe('the alarm')
const target = name.describe('the name of the target')
const order = id('rno').describe('the renewal order')
const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

export const alarmView = z.object({
  id: id('alm'),
  version: z.int().min(1),
  kind: z.string(),
  subject: z.string(),
  severity,
  state: z.enum(['open', 'cleared']),
  text: z.string(),
  facts,
  raisedAt: instant,
  lastSeenAt: instant,
  clearedAt: instant.nullable(),
  acknowledgedBy: z.string().nullable(),
  acknowledgedAt: instant.nullable(),
})

export const notificationView = z.object({
  id: id('ntf'),
  version: z.int().min(1),
  name: z.string(),
  kind: z.enum(['smtp', 'webhook']),
  address: z.string(),
  settings: z.record(z.string(), z.string()),
  severity,
  kinds: z.array(z.string()),
  state: z.enum(['active', 'removed']),
  createdAt: instant,
  createdBy: z.string(),
})

export const deliveryView = z.object({
  id: id('dlv'),
  target: id('ntf'),
  targetName: z.string(),
  alarm: id('alm').nullable(),
  what: z.enum(['raised', 'cleared', 'test']),
  state: z.enum(['waiting', 'failed', 'sent', 'given-up']),
  tries: z.int(),
  nextAt: instant,
  lastError: z.string().nullable(),
  createdAt: instant,
  sentAt: instant.nullable(),
})

export const renewalView = z.object({
  id: id('rno'),
  version: z.int().min(1),
  authority: id('aut').nullable(),
  product: id('prd').nullable(),
  lot: z.string().nullable(),
  algorithm: z.string().nullable(),
  fromAt: instant,
  until: instant,
  because: z.string(),
  total: z.int(),
  state: z.enum(['open', 'ended']),
  createdAt: instant,
  createdBy: z.string(),
  endedAt: instant.nullable(),
})

export const watch = {
  'alarm.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/alarms',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z.enum(['open', 'cleared']).default('open').describe('only alarms in this state'),
      severity: severity.optional().describe('only alarms as bad as this'),
      kind: z.string().max(64).optional().describe('only alarms of this kind'),
    }),
    output: alarmView,
    summary: 'list the alarms',
    help: 'Shows what is open, the newest first, unless another state is asked for. An alarm goes by itself when its cause is gone.',
  }),

  'alarm.acknowledge': operation({
    kind: 'plain',
    method: 'POST',
    path: '/alarms/:alarm/acknowledge',
    role: 'operator',
    input: z.strictObject({ alarm }),
    output: alarmView,
    summary: 'say that you have seen an alarm and take care',
    help: 'The alarm stays open until its cause is gone; everybody sees who takes care. One that tells of something that happened once ends with it.',
    positional: ['alarm'],
  }),

  'notification.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/notifications',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('a name for the target, never given to another one later'),
      kind: z.enum(['smtp', 'webhook']).describe('mail, or a program that is called'),
      address: z
        .string()
        .min(3)
        .max(1000)
        .regex(/^[\x21-\x7e]+$/, 'not printable ASCII without blanks')
        .describe('a mail address, or the https:// address of the program'),
      severity: severity.default('warning').describe('the least severity that is told there'),
      only: z
        .array(z.string().max(64))
        .max(50)
        .default([])
        .describe('only these kinds of alarm; all if none is named'),
      server: z
        .string()
        .max(255)
        .optional()
        .describe('for mail: smtp://HOST:PORT or smtps://HOST:PORT'),
      from: z.string().max(320).optional().describe('for mail: the address of the sender'),
      user: name.optional().describe('for mail: the name to sign in to the mail server'),
      passwordFile: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'not the name of a file alone')
        .optional()
        .describe(
          'for mail: the name of the file with the password, in the directory notify of the data directory',
        ),
    }),
    output: notificationView,
    summary: 'add a target that is told of alarms',
    help: 'Mail goes by TLS, or in plain to this machine alone. A webhook is signed with a key of this installation (see "vitalsign notification key"), so that there is no shared secret.',
    positional: ['name'],
    flags: { server: 'mail-server', from: 'mail-from', user: 'mail-user' },
  }),

  'notification.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/notifications',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: notificationView,
    summary: 'list who is told of alarms',
    help: 'Shows each target with what is told there; a password is never shown.',
  }),

  'notification.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/notifications/:target',
    role: 'administrator',
    input: z.strictObject({ target }),
    output: notificationView,
    summary: 'tell a target nothing more',
    help: 'What still waits for it is given up. Its name is not given to another one.',
    positional: ['target'],
  }),

  'notification.test': operation({
    kind: 'plain',
    method: 'POST',
    path: '/notifications/:target/test',
    role: 'operator',
    input: z.strictObject({ target }),
    output: deliveryView,
    summary: 'send a test to a target',
    help: 'Puts one message into its queue; "vitalsign delivery list" shows within a minute what became of it.',
    positional: ['target'],
  }),

  'notification.key': operation({
    kind: 'plain',
    method: 'GET',
    path: '/notifications/key',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.object({ keyId: z.string(), algorithm: z.literal('ed25519'), pem: z.string() }),
    summary: 'show the public key that webhooks are signed with',
    help: 'The receiver keeps it and checks each message (RFC 9421). It is made when it is first asked for, and stays.',
  }),

  'delivery.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/deliveries',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      target: name.optional().describe('only messages to the target of this name'),
      state: z
        .enum(['waiting', 'failed', 'sent', 'given-up'])
        .optional()
        .describe('only messages in this state'),
    }),
    output: deliveryView,
    summary: 'list the messages that were sent, or wait',
    help: 'The newest first. A message that failed is tried again, later and later, for three days; those behind it wait.',
  }),

  'renewal.order': operation({
    kind: 'plain',
    method: 'POST',
    path: '/renewals',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      authority: id('aut').optional().describe('all that this authority issued'),
      product: id('prd').optional().describe('all devices of this product'),
      lot: label.optional().describe('all devices of this lot'),
      algorithm: z.string().max(40).optional().describe('all whose keys are of this algorithm'),
      within: z
        .int()
        .min(1)
        .max(24 * 90)
        .default(24)
        .describe('hours over which the devices are spread, each at a moment of its own'),
      because: reason.describe('why, for the log'),
    }),
    output: renewalView,
    summary: 'have devices renew now, spread over a window',
    help: 'Each device is told its own moment when it next asks how it stands, once a day at least, and renews then although its time has not come. What is named adds up: a product and a lot mean that lot of that product.',
    references: { authority: 'authority', product: 'product' },
  }),

  'renewal.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/renewals',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z.enum(['open', 'ended']).optional().describe('only orders in this state'),
    }),
    output: renewalView,
    summary: 'list the renewal orders',
    help: 'Shows the newest first, those that ended too.',
  }),

  'renewal.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/renewals/:order',
    role: 'auditor',
    input: z.strictObject({ order }),
    output: z.object({
      ...renewalView.shape,
      renewed: z.int(),
      left: z.int(),
      silent: z.int(),
      isExact: z.boolean(),
    }),
    summary: 'show how far a renewal order has come',
    help: 'Counts the devices that have renewed, that have not, and whose own moment is over without a renewal. Beyond 200,000 certificates only a part is counted, and isExact says so.',
    positional: ['order'],
  }),

  'renewal.end': operation({
    kind: 'plain',
    method: 'POST',
    path: '/renewals/:order/end',
    role: 'administrator',
    input: z.strictObject({ order }),
    output: renewalView,
    summary: 'end a renewal order',
    help: 'Devices renew in their own time again.',
    positional: ['order'],
  }),

  'authority.issue': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/issue',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: name.describe('the name of the new issuing authority'),
      algorithm: z.string().max(40).default('p-256').describe('the algorithm of its key'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .default('file')
        .describe('where its key is made and stays'),
    }),
    output: z.object({
      id: id('aut'),
      name: z.string(),
      algorithm: z.string(),
      sha256: z.string(),
    }),
    summary: 'make a further issuing authority under the root',
    help: 'Only on the machine itself, and only while the key of the root is there. Doors stay with their authority until it is stopped.',
    positional: ['name'],
  }),

  'authority.succeed': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/succeed',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      authority: id('aut').describe('the issuing authority that is to have a successor'),
      name: name
        .optional()
        .describe('the name of the successor; the next number of the one before'),
      algorithm: z.string().max(40).optional().describe('of its key; as the one before'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .optional()
        .describe('where its key is made and stays; where the key of the one before is'),
      because: reason.default('its role moves to a new key').describe('why, for the log'),
    }),
    output: z.object({
      before: authorityView,
      successor: authorityView,
      entrances: z.int(),
      /** Devices whose identity hangs under the one before. */
      devices: z.int(),
      done: z.array(z.string()),
      remains: z.array(z.string()),
    }),
    summary: 'move the role of an issuing authority to a new key',
    help: 'Makes a new issuing authority under the same root, with its key where --keys-in says, and moves the doors to it: a key itself never moves. What the one before issued stays good, and it signs revocation lists until the last of it has ended. Only on the machine itself, and only while the key of the root is there. Tells what happened and what remains.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'authority.stop': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/stop',
    role: 'administrator',
    input: z.strictObject({
      authority: id('aut').describe('the authority'),
      because: reason.describe('why, for the log'),
    }),
    output: z.object({ name: z.string(), successor: z.string(), entrances: z.int() }),
    summary: 'stop an authority from issuing, and move its doors',
    help: 'The newest other authority takes over its doors, one of the same algorithm first. What it issued stays good until it is revoked or ends. Refused while no other issuing authority is active.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'person.restore': operation({
    kind: 'plain',
    method: 'POST',
    path: '/people/restore',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: name.describe('the name of the person, or of a new administrator'),
    }),
    output: z.object({
      person: z.string(),
      link: z.object({ token: z.string(), path: z.string(), expiresAt: instant }),
    }),
    summary: 'make a new way in to an account, at the machine itself',
    help: 'For a passphrase that was lost, or when no administrator is left. Shows a link once, good for 15 minutes. Everybody is told: an event, a critical alarm, and a notification.',
    positional: ['name'],
  }),
} as const
