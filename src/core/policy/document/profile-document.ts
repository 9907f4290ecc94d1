// SPDX-License-Identifier: Apache-2.0
/**
 * What a profile document looks like: the one description from which its type, its parser and
 * docs/profile.schema.json are made.
 */
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { profileKinds } from '#trust/lint/kinds.ts'
import {
  list,
  oidPattern,
  optional,
  record,
  type TypeOf,
  text,
  whole,
  word,
  wordOrOid,
  yesNo,
} from './shape.ts'
import {
  alternativeNameKinds,
  answerFreedoms,
  approvable,
  attestationForms,
  environments,
  freedoms,
  keyPurposes,
  keyUsages,
  proofs,
  quoteRules,
  subjectAttributes,
} from './words.ts'

const keyAlgorithmNames = Object.keys(keyAlgorithms).filter(isKeyAlgorithmName)

const because = text('Why the limit stands where it stands, with its source.', 400)
const hours = (about: string) => whole(about, 1, 24 * 366 * 100)
const oid = (about: string) =>
  text(about, 128, { pattern: oidPattern, form: 'a dotted object identifier, e.g. 1.3.6.1.4.1.1' })
const template = (about: string) => text(about, 255)

const alternativeName = record('One alternative name.', {
  kind: word('What kind of name; host is dns or ip, whichever the value is.', alternativeNameKinds),
  value: template(
    'The name, with placeholders in braces; in requested.mayAdd a leading "*" stands for any one label or text.',
  ),
  type: optional(
    oid(
      'For hardwareModuleName: hwType. For permanentIdentifier: the assigner, which may be left out.',
    ),
  ),
})

export const profileShape = record('A policy by which certificates of one kind are issued.', {
  $schema: optional(text('Where this schema is kept, for editors.', 400)),
  format: word('The format of this document.', ['vitalsign-profile-1']),
  name: text('The name by which entrances and people call it.', 63, {
    pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
    form: 'small letters, digits and single hyphens',
  }),
  version: whole('Counts up with every change that takes effect.', 1, 1_000_000),
  about: text('What it is for, in a sentence.', 200),
  kind: word('birth = IDevID, working = LDevID (IEEE 802.1AR).', profileKinds),
  environments: list(
    'The environments whose authorities may issue by it.',
    word('An environment.', environments),
    1,
    environments.length,
  ),
  subject: record('The name in the certificate.', {
    attributes: list(
      'In order; an attribute whose placeholder stands for nothing is left out.',
      record('One attribute.', {
        type: word(
          'The attribute type.',
          Object.keys(subjectAttributes) as (keyof typeof subjectAttributes)[],
        ),
        value: template('Text with placeholders in braces, e.g. "{serial}".'),
      }),
      0,
      16,
    ),
    requested: word('What a request may say of it.', freedoms),
    because,
  }),
  subjectAlternativeName: optional(
    record('Further names.', {
      names: list('In order, drawn for every certificate.', alternativeName, 0, 32),
      requested: word('What a request may say of them.', freedoms),
      mayAdd: optional(list('Patterns of names that a request may add.', alternativeName, 1, 16)),
      mayAddAtMost: optional(whole('How many a request may add.', 1, 100)),
      because,
    }),
  ),
  keys: record('The keys that it certifies.', {
    algorithms: list('Admitted key algorithms.', word('An algorithm.', keyAlgorithmNames), 1, 32),
    because,
  }),
  birthKey: optional(
    record('Whether a working identity may stand on the birth key.', {
      allowed: yesNo('True only for elements with a single key slot.'),
      because,
    }),
  ),
  keyAge: optional(
    record('The longest use of one key: no certificate for it ends later.', {
      hours: hours('From the first certificate for the key to the end of the last.'),
      because,
    }),
  ),
  keyUsage: record('The key usage extension, critical.', {
    bits: list('What the key is for.', word('A usage.', keyUsages), 1, keyUsages.length),
    because,
  }),
  extendedKeyUsage: optional(
    record('The extended key usage extension; left out: none, any purpose.', {
      purposes: list(
        'Purposes by name or object identifier.',
        wordOrOid('A purpose.', Object.keys(keyPurposes)),
        1,
        16,
      ),
      because,
    }),
  ),
  certificatePolicies: optional(
    record('The certificate policies extension.', {
      policies: list('Policy object identifiers.', oid('A policy.'), 1, 16),
      because,
    }),
  ),
  authority: optional(
    record('For issuing and root: the certificate of an authority.', {
      pathLength: optional(whole('How many authorities may follow; left out: any number.', 0, 8)),
      because,
    }),
  ),
  masa: optional(
    record("The address of the maker's voucher service (BRSKI).", {
      url: text('RFC 8995 section 2.3.2: authority and path, or a whole https URL.', 255),
      because,
    }),
  ),
  validity: record(
    'How long a certificate lives; never longer than its issuer.',
    {
      hours: optional(hours('Lifetime, last second included.')),
      until: optional(
        text('A fixed end; 99991231235959Z means no end.', 15, {
          pattern: '^[0-9]{14}Z$',
          form: 'YYYYMMDDhhmmssZ, e.g. 99991231235959Z',
        }),
      ),
      issuer: optional(yesNo('True: it ends with its issuer.')),
      because,
    },
    { oneOf: ['hours', 'until', 'issuer'] },
  ),
  backdating: record('How far notBefore lies in the past, for slow clocks.', {
    minutes: whole('Minutes.', 0, 60 * 24 * 3),
    because,
  }),
  renewal: optional(
    record('When the current certificate may ask for the next; left out: never.', {
      fromPercent: whole('The share of its life that must be over.', 0, 99),
      revokesOldKey: optional(
        yesNo(
          'True: once a new key was proven, certificates of the old one are revoked, not retired.',
        ),
      ),
      because,
    }),
  ),
  renewalAfterExpiry: optional(
    record('What an expired certificate may still do.', {
      rule: word(
        'never; for-days: renew itself for some days; birth-certificate: only that recovers.',
        ['never', 'for-days', 'birth-certificate'],
      ),
      days: optional(whole('For for-days: how many.', 1, 3660)),
      because,
    }),
  ),
  admission: record('Which proof admits whom.', {
    proofs: list(
      'Any one of these admits an expected device (operator: a signed-in person asks).',
      word('A proof.', proofs),
      1,
      proofs.length,
    ),
    because,
  }),
  attestation: optional(
    record('Only keys whose hardware proved that they live in it; left out: any key.', {
      required: list(
        'Any one of these proofs will do.',
        word('A kind of hardware.', attestationForms),
        1,
        attestationForms.length,
      ),
      maxAgeHours: hours('How old the proof of a TPM may be when a certificate is asked for.'),
      quote: optional(
        word(
          'Measurements of the platform that meet no reference value: recorded, or refused (required).',
          quoteRules,
        ),
      ),
      because,
    }),
  ),
  approval: optional(
    record('Requests that wait until a person has decided; left out: none does.', {
      rule: word('manual: a person decides on each.', ['manual']),
      operations: list(
        'Which wait: enrol (by code, birth certificate or registrar), renew (by the current one).',
        word('What waits.', approvable),
        1,
        approvable.length,
      ),
      days: optional(whole('How long one waits before it expires; left out: 7.', 1, 90)),
      because,
    }),
  ),
  serverKeys: optional(
    record('Keys that the server makes for devices that ask it to; left out: none.', {
      algorithms: list(
        'What it makes: of several, the one that the key in the request is of.',
        word('An algorithm.', keyAlgorithmNames),
        1,
        16,
      ),
      because,
    }),
  ),
  channelBinding: optional(
    record('The request names the TLS connection that it comes over; left out: it need not.', {
      type: word('tls-exporter: RFC 9266, base64 in challengePassword.', ['tls-exporter']),
      because,
    }),
  ),
  identities: optional(
    record('How many unexpired certificates of this profile one owner may hold at once.', {
      atMost: whole('Number; left out: one for birth, else any.', 1, 100),
      because,
    }),
  ),
  requestedExtensions: optional(
    record('Extensions that are taken over from a request, never critical.', {
      oids: list('Object identifiers.', oid('An extension.'), 1, 16),
      because,
    }),
  ),
  hosting: optional(
    record('Where its certificates are signed; left out: here.', {
      upstream: text('The name of the upstream that signs them.', 64),
      mayDiffer: optional(
        list(
          'In what its certificates may differ from what this profile draws; left out: in nothing.',
          word('What may differ.', answerFreedoms),
          1,
          answerFreedoms.length,
        ),
      ),
      because,
    }),
  ),
  status: record('How a verifier learns that a certificate was revoked.', {
    crl: yesNo('Carries a CRL distribution point.'),
    ocsp: yesNo('Carries the address of an OCSP responder.'),
    issuer: yesNo("Carries the address of the issuer's certificate."),
    noRevAvail: yesNo('Says that status is not published (RFC 9608).'),
    because,
  }),
})

export type ProfileDocument = TypeOf<typeof profileShape>
