// SPDX-License-Identifier: Apache-2.0
/**
 * What the verifiers of each form do with what stands around a signature: expiry, purpose, revocation, time-stamps,
 * versions. Whether devices can go on checking what was signed is read from here, form by form.
 */
import type { KeyAlgorithmName } from '../algorithms.ts'
import type { ArtefactFormName } from './form-names.ts'
import type { SignerPurpose } from './signer-purpose.ts'

/**
 * Against which time a verifier holds the validity of the signer's certificate.
 *
 * `none`: it knows no time, or does not look. `clock`: what the device's clock says when it installs.
 * `signing-time`: what the signer wrote into the signature (CMS signingTime), whatever the clock says.
 * `time-stamp`: what a time-stamp authority saw; the clock where there is no time-stamp.
 */
export const expiryRules = ['none', 'clock', 'signing-time', 'time-stamp'] as const
export type ExpiryRule = (typeof expiryRules)[number]

/** What a verifier does, and the setting by which it does so; undefined: it does so unless it is told otherwise. */
export interface Behaviour<T> {
  readonly does: T
  /** In the words of its configuration file, its command line, or its build. */
  readonly setting: string | undefined
}

export interface BootloaderRule {
  /** Who checks this form on devices. */
  readonly verifier: string
  /** The keys that it knows, the recommended one first; a weak one is made by exception only. */
  readonly keys: readonly KeyAlgorithmName[]
  /** When it is checked: at every start, so that what is not believed does not start; or when it is taken in, and never again. */
  readonly checksAt: 'start' | 'install'
  /** What devices hold: the public key of the signer itself, or the root above its certificate. */
  readonly holds: 'key' | 'root'
  /** How expiry is looked at: as delivered first, then what settings make of it. */
  readonly expiry: readonly Behaviour<ExpiryRule>[]
  /** What the extended key usage of the signer is asked for; empty: it has no certificate, or nobody looks. */
  readonly purpose: readonly Behaviour<SignerPurpose>[]
  /** Whether it looks at a list of revoked certificates; such a list has to be fresh from then on. */
  readonly revocation: readonly Behaviour<'none' | 'crl'>[]
  /** What keeps an older version out. */
  readonly rollback: readonly Behaviour<'none' | 'version' | 'counter'>[]
  /** Where this is written. */
  readonly source: string
}

const usual = <const T>(does: T): Behaviour<T> => ({ does, setting: undefined })
const when = <const T>(setting: string, does: T): Behaviour<T> => ({ does, setting })

/** What the CMS of an OpenSSL before 3.5 verifies, the key of the usual firmware signer first. */
const inCms = ['p-384', 'p-256', 'rsa-3072', 'rsa-4096'] as const
const mlDsa = ['ml-dsa-65', 'ml-dsa-87', 'ml-dsa-44'] as const

/** Of a form whose verifier holds keys: it knows no certificate, so nothing of it ends. */
const bareKey = {
  holds: 'key',
  expiry: [usual('none')],
  purpose: [],
  revocation: [usual('none')],
} as const

export const bootloaderRules = {
  mcuboot: {
    ...{ verifier: 'MCUboot', ...bareKey },
    checksAt: 'start',
    keys: ['p-256', 'p-384', 'ed25519', 'rsa-3072', 'rsa-2048'],
    rollback: [
      usual('none'),
      when('MCUBOOT_DOWNGRADE_PREVENTION', 'version'),
      when('MCUBOOT_HW_ROLLBACK_PROT', 'counter'),
    ],
    source: 'mcu-tools/mcuboot, docs/design.md and boot/bootutil/src/image_validate.c',
  },
  'esp-secure-boot-v2': {
    ...{ verifier: 'the ESP32 boot ROM and ESP-IDF bootloader', ...bareKey },
    checksAt: 'start',
    keys: ['rsa-3072', 'p-256', 'p-384'],
    rollback: [usual('none'), when('CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK', 'counter')],
    source: 'espressif/esp-idf, docs/en/security/secure-boot-v2.rst',
  },
  'uboot-fit': {
    ...{ verifier: 'U-Boot', ...bareKey },
    checksAt: 'start',
    // Most builds of U-Boot check RSA alone: ECDSA asks for a driver of the chip's.
    keys: ['rsa-3072', 'rsa-4096', 'p-256', 'p-384', 'rsa-2048'],
    rollback: [usual('none')],
    source: 'u-boot, doc/usage/fit/signature.rst',
  },
  rauc: {
    verifier: 'RAUC',
    checksAt: 'install',
    keys: inCms,
    holds: 'root',
    expiry: [usual('clock'), when('use-bundle-signing-time=true', 'signing-time')],
    purpose: [usual('email'), when('check-purpose=codesign', 'code')],
    revocation: [usual('none'), when('check-crl=true', 'crl')],
    rollback: [usual('none'), when('min-bundle-version', 'version')],
    source: 'rauc/rauc, docs/reference.rst section keyring; src/signature.c',
  },
  swupdate: {
    verifier: 'SWUpdate',
    checksAt: 'install',
    keys: inCms,
    holds: 'root',
    expiry: [usual('clock'), when('CONFIG_CMS_IGNORE_EXPIRED_CERTIFICATE=y', 'none')],
    purpose: [
      usual('email'),
      when('cert-purpose=codeSigning', 'code'),
      when('CONFIG_CMS_IGNORE_CERTIFICATE_PURPOSE=y', 'any'),
    ],
    revocation: [usual('none'), when('--crl-path', 'crl')],
    rollback: [usual('none'), when('no-downgrading', 'version')],
    source: 'sbabic/swupdate, doc/source/signed_images.rst; crypto/swupdate_cms_verify_openssl.c',
  },
  mender: {
    ...{ verifier: 'the Mender client', ...bareKey },
    checksAt: 'install',
    keys: ['p-256', 'rsa-3072', 'rsa-4096'],
    rollback: [usual('none')],
    source: 'mendersoftware/mender-artifact, Documentation/artifact-format-v3.md',
  },
  suit: {
    ...{ verifier: 'a SUIT manifest processor', ...bareKey },
    checksAt: 'install',
    keys: ['p-256', 'p-384', 'ed25519', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'],
    rollback: [usual('counter')],
    source: 'draft-ietf-suit-manifest-37 section 8.4.2 (sequence number)',
  },
  'outer-manifest': {
    ...{ verifier: 'the Vitalsign device client', ...bareKey },
    checksAt: 'install',
    keys: ['p-256', 'p-384', 'ed25519', 'ml-dsa-65', 'ml-dsa-87', 'ml-dsa-44'],
    rollback: [usual('counter')],
    source: 'docs/outer-manifest.md',
  },
  cms: {
    verifier: 'the Vitalsign device client, or OpenSSL',
    checksAt: 'install',
    keys: [...inCms, ...mlDsa],
    holds: 'root',
    expiry: [usual('time-stamp'), when('openssl cms -verify', 'clock')],
    purpose: [
      usual('update-package'),
      when('openssl cms -verify', 'email'),
      when('openssl cms -verify -purpose any', 'any'),
    ],
    revocation: [usual('crl'), when('openssl cms -verify', 'none')],
    rollback: [usual('none')],
    source: 'RFC 5652 section 11.3, RFC 3161 appendix A, RFC 9809 section 3',
  },
  raw: {
    ...{ verifier: 'whatever checks a bare signature', ...bareKey },
    checksAt: 'install',
    keys: ['p-256', 'p-384', 'ed25519', 'rsa-3072', 'rsa-4096', ...mlDsa],
    rollback: [usual('none')],
    source: 'RFC 8017 section 8, FIPS 186-5 section 6',
  },
} as const satisfies Record<ArtefactFormName, BootloaderRule>

/** The rule of a form, without its own types. */
export function bootloaderRule(form: ArtefactFormName): BootloaderRule {
  return bootloaderRules[form]
}

/** How devices look at expiry: as delivered, or as the maker says that they are set. */
export function expiryOf(form: ArtefactFormName, setting?: string): ExpiryRule | undefined {
  return bootloaderRule(form).expiry.find((one) => one.setting === setting)?.does
}

/** Whether a certificate has to be valid for as long as devices are to take what it signed. */
export function mustOutliveSupport(rule: ExpiryRule, isStamped: boolean): boolean {
  return rule === 'clock' || (rule === 'time-stamp' && !isStamped)
}

/** The forms whose verifiers hold roots: their signers need a certificate. */
export function needsCertificate(form: ArtefactFormName): boolean {
  return bootloaderRule(form).holds === 'root'
}
