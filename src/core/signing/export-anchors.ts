// SPDX-License-Identifier: Apache-2.0
import { encodePem } from '#format/pem.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { espAnchors } from '#trust/artefact/esp-secure-boot-v2/burn.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { encodeMcubootKeys } from '#trust/artefact/mcuboot/keys-c.ts'
import { encodeSwupdateAuthorities } from '#trust/artefact/swupdate/anchors.ts'
import { encodeFitKeySource } from '#trust/artefact/uboot-fit/control-tree.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** A file that a bootloader or updater is built or set up with. */
export interface AnchorFile {
  readonly name: string
  readonly octets: Uint8Array
}

export interface Anchors {
  readonly kind: 'anchors'
  readonly files: readonly AnchorFile[]
  /** What to do with them, a line each. */
  readonly notes: readonly string[]
}

/** A key whose signatures devices are to believe, with the root above it; undefined: they hold the key itself. */
export interface AnchorKey {
  readonly name: string
  readonly publicKey: PublicKey
  readonly root: Certificate | undefined
  /** The authorities between its certificate and the root; absent: the root certified it. */
  readonly between?: readonly Certificate[]
}

type Writer = (keys: readonly AnchorKey[]) => Omit<Anchors, 'kind'>

/**
 * What makes devices believe these keys, in the form that their bootloader or updater takes: of all keys together,
 * so that the next one is there before it signs.
 */
export function exportAnchors(
  form: ArtefactFormName,
  keys: readonly AnchorKey[],
): Anchors | Refused {
  const write = writers[form]
  if (write === undefined)
    return refuse('not-implemented', `anchors are not written for ${form} here yet`)
  try {
    return { kind: 'anchors', ...write(keys) }
  } catch (cause) {
    // A writer says by it which keys its bootloader cannot hold together.
    if (!(cause instanceof TypeError)) throw cause
    return refuse('artefact-signer-unfit', cause.message)
  }
}

const writers: Partial<Readonly<Record<ArtefactFormName, Writer>>> = {
  mcuboot: (keys) => ({
    files: [textFile('keys.c', encodeMcubootKeys(keys.map(({ publicKey }) => publicKey)))],
    notes: ['build MCUboot with this file in the place of its own keys.c'],
  }),
  'esp-secure-boot-v2': (keys) => {
    const burnt = espAnchors(keys.map(({ publicKey }) => publicKey))
    return {
      files: burnt.map(({ file, digest }) => ({ name: file, octets: digest })),
      notes: [
        ...burnt.map(({ command }) => command),
        'eFuses are burnt once and for ever: try it on a board that you can spare',
      ],
    }
  },
  'uboot-fit': (keys) => {
    const all = keys.map(({ publicKey }) => ({
      ...{ publicKey, algorithm: signatureAlgorithmFor(publicKey.algorithm).name },
    }))
    return {
      // The next key does not sign yet: one that signed is enough.
      files: [textFile('keys.dtsi', encodeFitKeySource(all, 'any'))],
      notes: [
        'include this file in the devicetree of U-Boot (CONFIG_DEVICE_TREE_INCLUDES), and build it with CONFIG_FIT_SIGNATURE',
        'most builds of U-Boot check RSA alone',
      ],
    }
  },
  rauc: (keys) => ({
    files: [textFile('keyring.pem', rootsPem(keys))],
    notes: [
      'system.conf: [keyring] path=/etc/rauc/keyring.pem',
      'check-purpose=codesign is stricter, and these signers pass it; use-bundle-signing-time=true lets devices take what was signed before a certificate ended',
    ],
  }),
  swupdate: (keys) => ({
    files: [textFile('swupdate-ca.pem', encodeSwupdateAuthorities(keys.map(authoritiesOf)))],
    notes: [
      'swupdate -k swupdate-ca.pem; --cert-purpose codeSigning is stricter, and these pass it',
      'the authorities between are in the file because SWUpdate before 2023 looks for none in the signature: give devices a new file before an authority that signs is replaced',
    ],
  }),
  cms: (keys) => ({
    files: [textFile('roots.pem', rootsPem(keys))],
    notes: ['openssl cms -verify -binary -inform DER -CAfile roots.pem -content FILE'],
  }),
  mender: (keys) => ({
    files: keys.map(({ name, publicKey }) => textFile(`${fileName(name)}.pem`, keyPem(publicKey))),
    notes: ['mender.conf: "ArtifactVerifyKeys" lists the paths of these files'],
  }),
  suit: publicKeys,
  raw: publicKeys,
  'outer-manifest': (keys) => ({
    files: [textFile('keys.pem', keys.map(({ publicKey }) => keyPem(publicKey)).join(''))],
    notes: keys.map(({ name, publicKey }) => `${name}: key id ${sha256(publicKey.spki).toHex()}`),
  }),
}

function publicKeys(keys: readonly AnchorKey[]): Omit<Anchors, 'kind'> {
  return {
    files: [textFile('keys.pem', keys.map(({ publicKey }) => keyPem(publicKey)).join(''))],
    notes: [],
  }
}

/** Each root once, whichever keys are below it. */
function rootsPem(keys: readonly AnchorKey[]): string {
  const roots = new Map(
    keys.flatMap(({ root }) => (root === undefined ? [] : [[root.der.toHex(), root] as const])),
  )
  if (roots.size === 0) throw new TypeError('none of these keys has a certificate')
  return [...roots.values()].map(({ der }) => encodePem('CERTIFICATE', der)).join('')
}

function authoritiesOf({ root, between = [] }: AnchorKey): readonly Certificate[] {
  if (root === undefined) throw new TypeError('one of these keys has no certificate')
  return [...between, root]
}

function keyPem({ spki }: PublicKey): string {
  return encodePem('PUBLIC KEY', spki)
}

function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').replace(/^\.+/, '_')
}

function textFile(name: string, text: string): AnchorFile {
  return { name, octets: new TextEncoder().encode(text) }
}
