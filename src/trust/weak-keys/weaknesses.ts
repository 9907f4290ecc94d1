// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that can be found out about a key, sorted: how bad it is, what it means to a reader who knows no
 * cryptography, and who says so. A finding names its row; the guide on weak keys has a section for each.
 *
 * `critical`: whoever knows the public key can have the private one. `warning`: a step from that, or a sign of a broken
 * generator. `notice`: unusual, and not known to be harmful.
 */
export const weaknesses = {
  'close-primes': {
    severity: 'critical',
    means: 'the two primes of the key lie so close to each other that they are found in a moment',
    source: 'CA/Browser Forum Baseline Requirements 6.1.1.3 (5); CVE-2022-26320',
  },
  'key-listed': {
    severity: 'critical',
    means: 'the key stands in a list of keys whose private half is known',
    source: 'CVE-2008-0166 and the lists that an installation imports',
  },
  'key-published': {
    severity: 'critical',
    means: 'the private half of the key is printed in a document or a program that anybody has',
    source: 'the document that the finding names',
  },
  'key-shared': {
    severity: 'critical',
    means: 'two devices hold the same private key, so neither can be told from the other',
    source: 'ETSI EN 303 645 provision 5.1-1; NISTIR 8259A',
  },
  'modulus-degenerate': {
    severity: 'critical',
    means:
      'the modulus is a prime, a power of one, or a multiple of the modulus of another key, where it is to be the product of two primes of its own',
    source: 'SP 800-89 section 5.3.3',
  },
  'modulus-pattern': {
    severity: 'critical',
    means:
      'the key repeats a short pattern, or has far too few or too many bits set, so no chance made it',
    source: 'SP 800-90B; Google Paranoid, CheckBitPatterns and CheckLowHammingWeight',
  },
  'modulus-smooth': {
    severity: 'critical',
    means: 'one prime of the key is of a kind that a known method finds in minutes',
    source: "Pollard's p-1 method, 1974; FIPS 186-5 appendix A.1",
  },
  'nonce-biased': {
    severity: 'critical',
    means:
      'the signatures of these keys use numbers that are not random enough, and the keys follow from some of them',
    source: 'Breitner and Heninger, "Biased Nonce Sense", FC 2019',
  },
  'nonce-repeated': {
    severity: 'critical',
    means:
      'the key signed two things with one secret number, so anybody who saw both can compute the key',
    source: 'FIPS 186-5 section 6.3; RFC 6979 section 1',
  },
  'nonce-shared': {
    severity: 'critical',
    means:
      'two keys signed with the same secret number: the generators of both devices give the same',
    source: 'FIPS 186-5 section 6.3',
  },
  'nonce-small': {
    severity: 'critical',
    means:
      'the secret number of a signature is so small that it is found by trying, and the key with it',
    source: 'FIPS 186-5 section 6.3',
  },
  'prime-shared': {
    severity: 'critical',
    means:
      'the key has a prime in common with another key, so both are broken: their generators began alike',
    source: 'Heninger et al., "Mining Your Ps and Qs", USENIX Security 2012',
  },
  'prime-small': {
    severity: 'critical',
    means: 'the key can be divided by a small prime, so it was not made as keys are made',
    source: 'SP 800-89 section 5.3.3',
  },
  'primes-structured': {
    severity: 'warning',
    means:
      'the primes of the key were made by a formula and not by chance, as by the flawed library of ROCA',
    source: 'Google Paranoid, CheckROCAVariant; Nemec et al., CCS 2017',
  },
  roca: {
    severity: 'critical',
    means: 'a flawed library in certain chips made the key, and its primes can be computed',
    source: 'CVE-2017-15361; Nemec et al., CCS 2017',
  },
  'scalar-pattern': {
    severity: 'critical',
    means: 'the private key is a simple pattern, such as one octet repeated',
    source: 'FIPS 186-5 appendix A.2',
  },
  'scalar-small': {
    severity: 'critical',
    means: 'the private key is so small a number that it is found by trying',
    source: 'FIPS 186-5 appendix A.2',
  },
  'seed-known': {
    severity: 'critical',
    means: 'the key was made from a seed that anybody would try first, such as all zeros',
    source: 'FIPS 203 section 3.3; FIPS 204 section 3.6.1',
  },
} as const satisfies Record<string, Weakness>

export interface Weakness {
  readonly severity: 'notice' | 'warning' | 'critical'
  readonly means: string
  readonly source: string
}

export type WeaknessName = keyof typeof weaknesses

/** One thing that was found out about one key; `detail` says what of this key shows it, and no secret. */
export interface KeyWeakness {
  readonly name: WeaknessName
  readonly detail: string
}

export function isWeaknessName(name: string): name is WeaknessName {
  return Object.hasOwn(weaknesses, name)
}
