// SPDX-License-Identifier: Apache-2.0
/** What TLS numbers stand for, as far as a probe asks for them. IANA "TLS Parameters". */

export const versions = {
  'SSL 3.0': 0x0300,
  'TLS 1.0': 0x0301,
  'TLS 1.1': 0x0302,
  'TLS 1.2': 0x0303,
  'TLS 1.3': 0x0304,
} as const

export type VersionName = keyof typeof versions

export function versionName(code: number): VersionName | undefined {
  return versionNames.find((name) => versions[name] === code)
}

export const versionNames = Object.keys(versions) as readonly VersionName[]

/** `good`; `cbc` and `static` are RFC 9325 section 4.1's "SHOULD NOT", `short` its CCM-8, `broken` its "MUST NOT". */
export type SuiteClass = 'good' | 'short' | 'cbc' | 'static' | 'broken'

const suite13: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_AES_128_CCM_SHA256: 0x1304,
  TLS_AES_128_CCM_8_SHA256: 0x1305,
}

const suites12: Readonly<Record<SuiteClass, Readonly<Record<string, number>>>> = {
  good: {
    ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
    ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
    ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
    ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
    ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
    ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
    ECDHE_ECDSA_WITH_AES_128_CCM: 0xc0ac,
    ECDHE_ECDSA_WITH_AES_256_CCM: 0xc0ad,
    DHE_RSA_WITH_AES_128_GCM_SHA256: 0x009e,
    DHE_RSA_WITH_AES_256_GCM_SHA384: 0x009f,
    DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xccaa,
  },
  short: {
    ECDHE_ECDSA_WITH_AES_128_CCM_8: 0xc0ae,
    ECDHE_ECDSA_WITH_AES_256_CCM_8: 0xc0af,
  },
  cbc: {
    ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
    ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
    ECDHE_RSA_WITH_AES_128_CBC_SHA: 0xc013,
    ECDHE_RSA_WITH_AES_256_CBC_SHA: 0xc014,
    ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
    ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
    ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
    ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
    DHE_RSA_WITH_AES_128_CBC_SHA: 0x0033,
    DHE_RSA_WITH_AES_256_CBC_SHA: 0x0039,
    DHE_RSA_WITH_AES_128_CBC_SHA256: 0x0067,
    DHE_RSA_WITH_AES_256_CBC_SHA256: 0x006b,
  },
  static: {
    RSA_WITH_AES_128_CBC_SHA: 0x002f,
    RSA_WITH_AES_256_CBC_SHA: 0x0035,
    RSA_WITH_AES_128_CBC_SHA256: 0x003c,
    RSA_WITH_AES_256_CBC_SHA256: 0x003d,
    RSA_WITH_AES_128_GCM_SHA256: 0x009c,
    RSA_WITH_AES_256_GCM_SHA384: 0x009d,
    RSA_WITH_AES_128_CCM: 0xc09c,
    RSA_WITH_AES_256_CCM: 0xc09d,
  },
  broken: {
    RSA_WITH_NULL_MD5: 0x0001,
    RSA_WITH_NULL_SHA: 0x0002,
    RSA_EXPORT_WITH_RC4_40_MD5: 0x0003,
    RSA_WITH_RC4_128_MD5: 0x0004,
    RSA_WITH_RC4_128_SHA: 0x0005,
    RSA_EXPORT_WITH_DES40_CBC_SHA: 0x0008,
    RSA_WITH_DES_CBC_SHA: 0x0009,
    RSA_WITH_3DES_EDE_CBC_SHA: 0x000a,
    DHE_RSA_WITH_3DES_EDE_CBC_SHA: 0x0016,
    DH_anon_WITH_AES_128_CBC_SHA: 0x0034,
    DH_anon_WITH_AES_256_CBC_SHA: 0x003a,
    RSA_WITH_NULL_SHA256: 0x003b,
    DH_anon_WITH_AES_128_GCM_SHA256: 0x00a6,
    DH_anon_WITH_AES_256_GCM_SHA384: 0x00a7,
    ECDHE_ECDSA_WITH_NULL_SHA: 0xc006,
    ECDHE_ECDSA_WITH_RC4_128_SHA: 0xc007,
    ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA: 0xc008,
    ECDHE_RSA_WITH_NULL_SHA: 0xc010,
    ECDHE_RSA_WITH_RC4_128_SHA: 0xc011,
    ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 0xc012,
    ECDH_anon_WITH_AES_128_CBC_SHA: 0xc018,
    ECDH_anon_WITH_AES_256_CBC_SHA: 0xc019,
  },
}

export interface Suite {
  readonly code: number
  readonly name: string
  readonly class: SuiteClass
}

/** Of TLS 1.3, strongest first. */
export const modernSuites: readonly Suite[] = Object.entries(suite13).map(([name, code]) => ({
  ...{ name, code, class: name.includes('CCM_8') ? 'short' : 'good' },
}))

/** Of TLS 1.2 and before, the good ones first. */
export const olderSuites: readonly Suite[] = Object.entries(suites12).flatMap(([kind, all]) =>
  Object.entries(all).map(([name, code]) => ({ name, code, class: kind as SuiteClass })),
)

const suitesByCode = new Map([...modernSuites, ...olderSuites].map((one) => [one.code, one]))

/** One that nobody asked for has no name here, only its number. */
export function suiteOf(code: number): Suite {
  return suitesByCode.get(code) ?? { code, name: hex(code), class: 'broken' }
}

/** Those that withstand quantum computers first. RFC 8446 section 4.2.7 and RFC 10024. */
export const groups = {
  X25519MLKEM768: 0x11ec,
  SecP256r1MLKEM768: 0x11eb,
  SecP384r1MLKEM1024: 0x11ed,
  X25519: 0x001d,
  'P-256': 0x0017,
  'P-384': 0x0018,
  'P-521': 0x0019,
  X448: 0x001e,
  ffdhe2048: 0x0100,
  ffdhe3072: 0x0101,
} as const

export type GroupName = keyof typeof groups

export function groupName(code: number): string {
  return Object.entries(groups).find(([, one]) => one === code)?.[0] ?? hex(code)
}

/** RFC 8446 section 4.2.3, and ML-DSA; the last two with SHA-1, so that old peers answer, too. */
export const signatureSchemes: readonly number[] = [
  ...[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0904, 0x0905, 0x0906],
  ...[0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201],
]

/** RFC 8446 section 6. */
const alerts: Readonly<Record<number, string>> = {
  ...{ 0: 'close_notify', 10: 'unexpected_message', 20: 'bad_record_mac', 40: 'handshake_failure' },
  ...{ 42: 'bad_certificate', 47: 'illegal_parameter', 50: 'decode_error', 51: 'decrypt_error' },
  ...{ 70: 'protocol_version', 71: 'insufficient_security', 80: 'internal_error' },
  ...{ 86: 'inappropriate_fallback', 109: 'missing_extension', 112: 'unrecognized_name' },
  ...{ 116: 'certificate_required', 120: 'no_application_protocol' },
}

export function alertName(code: number): string {
  return alerts[code] ?? `alert ${code}`
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(4, '0')}`
}
