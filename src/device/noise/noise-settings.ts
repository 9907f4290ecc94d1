// SPDX-License-Identifier: Apache-2.0
import { mostCharacters } from '#format/est/key-making.ts'
import { leastForPatterns } from '#trust/entropy/health-tests.ts'
import { type StartUp, startUpBounds, usualClaim } from '#trust/entropy/start-up.ts'

/** A raw source of this machine, and how it is tested before each key. */
export interface NoiseSettings extends StartUp {
  readonly path: string
  /** Octets that stand for one sample; of several the first counts, as a little-endian number begins with its lowest. */
  readonly sampleOctets: number
}

/** The numbers of it, by their names on the command line and in the file of settings. */
export const noiseNumbers = {
  'noise-width': { ...startUpBounds.symbolBits, of: 'symbolBits', what: 'bits of a sample' },
  'noise-entropy': {
    least: 0.001,
    most: 8,
    usual: undefined,
    of: 'bitsPerSample',
    what: 'bits of entropy that the maker claims of a sample',
  },
  'noise-alpha': {
    ...startUpBounds.alphaExponent,
    of: 'alphaExponent',
    what: 'a sound source fails once in 2 to this',
  },
  'noise-samples': { ...startUpBounds.samples, of: 'samples', what: 'samples that are tested' },
  'noise-sample-octets': {
    least: 1,
    most: 8,
    usual: 1,
    of: 'sampleOctets',
    what: 'octets that stand for a sample',
  },
} as const

export type NoiseNumber = keyof typeof noiseNumbers

/** Names of numbers with the words that stand for them, from wherever they were written. */
export type NoiseWords = Readonly<Partial<Record<NoiseNumber, string | undefined>>>

/** Puts words and what is usual together; a text says what is wrong with them. */
export function noiseSettingsOf(path: string, words: NoiseWords): NoiseSettings | string {
  // What is tested is told to the server, which takes no more; found out now, and not when a key is needed.
  if (path.length > mostCharacters || !/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(path))
    return `noise is no path of up to ${mostCharacters} characters, such as /dev/hwrng`
  const numbers: Partial<Record<(typeof noiseNumbers)[NoiseNumber]['of'], number>> = {}
  for (const [name, { least, most, usual, of, what }] of Object.entries(noiseNumbers)) {
    const word = words[name as NoiseNumber]
    const value = word === undefined ? usual : numberIn(word, of === 'bitsPerSample')
    if (value === undefined && word === undefined) continue
    if (value === undefined || value < least || value > most)
      return `${name} ${word} is not from ${least} to ${most} (${what})`
    numbers[of] = value
  }
  const { symbolBits = 8, samples = 1_024, alphaExponent = 30, sampleOctets = 1 } = numbers
  const bitsPerSample = numbers.bitsPerSample ?? usualClaim(symbolBits)
  if (bitsPerSample > symbolBits)
    return `noise-entropy ${bitsPerSample} is more than a sample of noise-width ${symbolBits} can hold`
  const least = leastForPatterns({ bitsPerSample, alphaExponent })
  if (samples < least)
    return `noise-samples ${samples} are too few to fail where noise-entropy ${bitsPerSample} is claimed: ${least} are needed`
  return { path, symbolBits, samples, alphaExponent, sampleOctets, bitsPerSample }
}

/** Decimals only where they mean something: a claim is kept to a thousandth of a bit. */
function numberIn(word: string, isFraction: boolean): number | undefined {
  const form = isFraction ? /^\d(\.\d{1,3})?$/ : /^\d{1,7}$/
  return form.test(word) ? Number(word) : undefined
}

/** The lines of the file of settings. */
export function noiseLines(noise: NoiseSettings): readonly string[] {
  return [
    `noise=${noise.path}`,
    ...Object.entries(noiseNumbers).map(([name, { of }]) => `${name}=${noise[of]}`),
  ]
}
