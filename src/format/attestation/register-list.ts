// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** Octets of a digest in each bank. */
const banks = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const
export type RegisterBank = keyof typeof banks
export const registerBanks = Object.keys(banks) as RegisterBank[]

const mostCharacters = 65_536
const mostRegister = 31

/** Hexadecimal digests, small letters, by the number of the register. */
export type RegisterValues = Readonly<Record<string, string>>

/**
 * Reads what `tpm2_pcrread` prints: the name of each bank, and below it a line for each register.
 *
 * @throws FormatError; offsets in characters
 */
export function parseRegisterList(text: string): ReadonlyMap<RegisterBank, RegisterValues> {
  if (text.length > mostCharacters) throw new FormatError('too-large', 0, 'a list of registers')
  const lists = new Map<RegisterBank, Record<string, string>>()
  let bank: RegisterBank | undefined
  let offset = 0
  for (const line of text.split('\n')) {
    const [, head] = /^\s*(sha\w+)\s*:\s*$/.exec(line) ?? []
    if (head !== undefined) {
      bank = bankNamed(head, offset)
      if (lists.has(bank)) throw new FormatError('value-not-allowed', offset, `${bank} twice`)
      lists.set(bank, {})
    } else if (line.trim() !== '') readRegister(line, offset, bank, lists)
    offset += line.length + 1
  }
  return lists
}

function bankNamed(name: string, offset: number): RegisterBank {
  const bank = registerBanks.find((one) => one === name)
  if (bank !== undefined) return bank
  throw new FormatError('value-not-allowed', offset, `${name.slice(0, 20)} is none of our banks`)
}

function readRegister(
  line: string,
  offset: number,
  bank: RegisterBank | undefined,
  lists: ReadonlyMap<RegisterBank, Record<string, string>>,
): void {
  const [, number = '', digest = ''] = /^\s*(\d{1,2})\s*:\s*0x([0-9A-Fa-f]+)\s*$/.exec(line) ?? []
  const values = bank && lists.get(bank)
  if (number === '' || bank === undefined || values === undefined)
    throw new FormatError('text-malformed', offset, 'neither a bank nor a register with its value')
  const register = `${Number(number)}`
  if (Number(register) > mostRegister)
    throw new FormatError('value-not-allowed', offset, `register ${register}`)
  if (Object.hasOwn(values, register))
    throw new FormatError('value-not-allowed', offset, `register ${register} twice`)
  if (digest.length !== 2 * banks[bank])
    throw new FormatError(
      'value-not-allowed',
      offset,
      `register ${register} has ${digest.length / 2} octets, ${bank} has ${banks[bank]}`,
    )
  values[register] = digest.toLowerCase()
}

/** As `tpm2_pcrread` prints it. */
export function encodeRegisterList(lists: ReadonlyMap<RegisterBank, RegisterValues>): string {
  return [...lists]
    .map(
      ([bank, values]) =>
        `  ${bank}:\n${Object.entries(values)
          .map(([register, value]) => `    ${register.padEnd(2)}: 0x${value.toUpperCase()}\n`)
          .join('')}`,
    )
    .join('')
}
