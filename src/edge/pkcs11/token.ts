// SPDX-License-Identifier: Apache-2.0
/** The token itself, in the process that has the module. */
import type * as pkcs11js from 'pkcs11js'
import { attribute, flag, mechanism, objectClass, returnValue } from './cryptoki.ts'
import { explained } from './explained.ts'
import { type SignForm, signForms, type TokenAttribute, tokenAlgorithms } from './mechanisms.ts'
import type { MakeQuestion, TokenDescription, TokenKey } from './questions.ts'
import { Sessions } from './sessions.ts'
import { TokenFailure } from './token-failure.ts'
import { flawOf } from './token-key.ts'

type Library = typeof pkcs11js
type Handle = pkcs11js.Handle

/** Keys of ours have ids like this; a token may hold others, which are left alone. */
const ownId = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** A house has few authorities; a token that lists more keys of such ids is read no further. */
const mostKeys = 1000

/** An open token. Every method throws `TokenFailure`. */
export class Token {
  readonly #library: Library
  readonly #module: pkcs11js.PKCS11
  readonly #slot: Handle
  readonly #sessions: Sessions
  readonly #keys = new Map<string, Handle>()
  readonly #mechanisms = new Map<SignForm, pkcs11js.Mechanism>()

  constructor(library: Library, module: pkcs11js.PKCS11, slot: Handle, onThreads: boolean) {
    this.#library = library
    this.#module = module
    this.#slot = slot
    this.#sessions = new Sessions(module, slot, onThreads)
  }

  describe(): TokenDescription {
    return this.#explained(() => {
      const token = this.#module.C_GetTokenInfo(this.#slot)
      const { libraryDescription, libraryVersion, manufacturerID } = this.#module.C_GetInfo()
      const { major, minor } = libraryVersion
      const slotFlags = this.#module.C_GetSlotInfo(this.#slot).flags
      const mechanisms = this.#module.C_GetMechanismList(this.#slot)
      return {
        serial: token.serialNumber.trim(),
        model: `${token.manufacturerID.trim()} ${token.model.trim()}`,
        library: `${manufacturerID.trim()} ${libraryDescription.trim()} ${major}.${minor}`,
        hardware: (slotFlags & flag.hardwareSlot) !== 0 || this.#signsInHardware(mechanisms),
        mechanisms,
        keys: this.#listed(),
      }
    })
  }

  /** Whether the token is still there; some modules know it only when they are asked for its state. */
  check(): void {
    this.#explained(() => {
      this.#module.C_GetTokenInfo(this.#slot)
      this.#sessions.check()
    })
  }

  /** Undefined if there is none of this id. */
  find(id: string): TokenKey | undefined {
    return this.#explained(() => {
      const handle = this.#handleOf(id)
      return handle && this.#read(handle)
    })
  }

  /** Makes a key and reads it back; one that is not what was asked for is destroyed. */
  async make({ id, label, algorithm }: MakeQuestion): Promise<TokenKey> {
    const row = tokenAlgorithms[algorithm]
    if (row === undefined) throw new TokenFailure('asked-wrong', `no token makes ${algorithm}`)
    if (this.find(id) !== undefined) throw new TokenFailure('unfit', `key ${id} is there already`)
    const named = [
      { type: attribute.keyType, value: row.keyType },
      { type: attribute.token, value: true },
      { type: attribute.id, value: Buffer.from(id).toString('hex') },
      { type: attribute.label, value: Buffer.from(label).toString('hex') },
    ]
    const open = [...named, { type: attribute.verify, value: true }, ...row.parameters]
    const closed = [...named, ...closedAttributes]
    const both = await this.#generated(row.make, open, closed)
    return this.#explained(() => {
      const key = this.#read(both.privateKey)
      const flaw = flawOf(key)
      if (flaw === undefined) {
        this.#keys.set(id, both.privateKey)
        return key
      }
      this.#sessions.writing((session) => {
        this.#module.C_DestroyObject(session, both.privateKey)
        this.#module.C_DestroyObject(session, both.publicKey)
      })
      throw new TokenFailure('unfit', `the token made a key that ${flaw}; it was destroyed`)
    })
  }

  /** Removes both halves. Nothing happens if there are none. */
  destroy(id: string): void {
    this.#explained(() => {
      this.#keys.delete(id)
      this.#sessions.writing((session) => {
        for (const kind of [objectClass.privateKey, objectClass.publicKey])
          for (const handle of this.#objects(kind, id))
            this.#module.C_DestroyObject(session, handle)
      })
    })
  }

  /** Of ECDSA r and s side by side; the caller knows what goes in, and copies what comes out before it asks again. */
  sign(id: string, form: SignForm, input: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const key = this.#keys.get(id) ?? this.#explained(() => this.#handleOf(id))
    if (key === undefined) throw new TokenFailure('missing', `the token has no key ${id}`)
    try {
      const view = Buffer.from(input.buffer, input.byteOffset, input.length)
      const signed = this.#sessions.sign(key, this.#mechanismOf(form), view)
      return signed instanceof Promise ? signed.catch((error) => this.#fail(error)) : signed
    } catch (error) {
      return this.#fail(error)
    }
  }

  close(): void {
    try {
      this.#module.C_Finalize()
    } catch (error) {
      if (!(error instanceof this.#library.NativeError)) throw error
    }
  }

  async #generated(
    make: number,
    open: readonly TokenAttribute[],
    closed: readonly TokenAttribute[],
  ) {
    try {
      return await this.#generate(make, open, closed)
    } catch (error) {
      const code = error instanceof TokenFailure ? error.code : undefined
      if (code === undefined || !aboutTemplate.has(code)) throw error
      // Not every token lets it be said that attributes stay as they are.
      const most = closed.filter(({ type }) => type !== attribute.modifiable)
      return this.#generate(make, open, most)
    }
  }

  async #generate(
    make: number,
    open: readonly TokenAttribute[],
    closed: readonly TokenAttribute[],
  ) {
    try {
      return await this.#sessions.generating((session) =>
        this.#module.C_GenerateKeyPairAsync(
          session,
          { mechanism: make },
          open.map(encodeAttribute),
          closed.map(encodeAttribute),
        ),
      )
    } catch (error) {
      return this.#fail(error)
    }
  }

  #signsInHardware(mechanisms: readonly number[]): boolean {
    return [mechanism.ecdsa, mechanism.rsaPkcs]
      .filter((one) => mechanisms.includes(one))
      .some((one) => {
        const { flags } = this.#module.C_GetMechanismInfo(this.#slot, one)
        return (flags & flag.hardwareMechanism) !== 0
      })
  }

  #listed(): readonly TokenKey[] {
    return this.#objects(objectClass.privateKey, undefined)
      .map((handle) => this.#read(handle))
      .filter(({ id }) => ownId.test(id))
  }

  #handleOf(id: string): Handle | undefined {
    const known = this.#keys.get(id)
    if (known !== undefined) return known
    const found = this.#objects(objectClass.privateKey, id)
    if (found.length > 1)
      throw new TokenFailure('unfit', `the token has ${found.length} private keys of id ${id}`)
    const [handle] = found
    if (handle !== undefined) this.#keys.set(id, handle)
    return handle
  }

  #objects(kind: number, id: string | undefined): readonly Handle[] {
    const wanted = [{ type: attribute.class, value: kind }]
    const template = id === undefined ? wanted : [...wanted, idAttribute(id)]
    return this.#sessions.reading((session) => {
      this.#module.C_FindObjectsInit(session, template)
      try {
        return this.#module.C_FindObjects(session, mostKeys)
      } finally {
        this.#module.C_FindObjectsFinal(session)
      }
    })
  }

  #read(handle: Handle): TokenKey {
    const bytes = (of: Handle | undefined, type: number) =>
      of === undefined ? undefined : this.#attribute(of, type)
    const truth = (type: number) => {
      const value = bytes(handle, type)
      return value?.length === 1 ? value[0] !== 0 : null
    }
    const id = bytes(handle, attribute.id)?.toString('latin1') ?? ''
    // The public half may be a key's own attribute or another object's of the same id.
    const [open] = ownId.test(id) ? this.#objects(objectClass.publicKey, id) : []
    const hex = (type: number) =>
      (bytes(open, type) ?? bytes(handle, type))?.toString('hex') || null
    return {
      id,
      label: bytes(handle, attribute.label)?.toString() ?? '',
      keyType: numberIn(bytes(handle, attribute.keyType)),
      sensitive: truth(attribute.sensitive),
      extractable: truth(attribute.extractable),
      alwaysSensitive: truth(attribute.alwaysSensitive),
      neverExtractable: truth(attribute.neverExtractable),
      local: truth(attribute.local),
      modifiable: truth(attribute.modifiable),
      ecParams: hex(attribute.ecParams),
      ecPoint: hex(attribute.ecPoint),
      modulus: hex(attribute.modulus),
      publicExponent: hex(attribute.publicExponent),
      value: open === undefined ? null : (bytes(open, attribute.value)?.toString('hex') ?? null),
    }
  }

  /** Asked one by one: a module that does not know one of several answers none. */
  #attribute(handle: Handle, type: number): Buffer | undefined {
    try {
      const [read] = this.#sessions.reading((session) =>
        this.#module.C_GetAttributeValue(session, handle, [{ type }]),
      )
      const value = read?.value
      return Buffer.isBuffer(value) ? value : undefined
    } catch (error) {
      if (error instanceof this.#library.Pkcs11Error && isUnknownAttribute(error.code))
        return undefined
      throw error
    }
  }

  #mechanismOf(form: SignForm): pkcs11js.Mechanism {
    const known = this.#mechanisms.get(form)
    if (known !== undefined) return known
    const made = this.#newMechanism(form)
    this.#mechanisms.set(form, made)
    return made
  }

  #newMechanism(form: SignForm): pkcs11js.Mechanism {
    const row = signForms[form]
    if (!('pss' in row)) return { mechanism: row.mechanism }
    const { hash, mask, saltOctets } = row.pss
    const type = this.#library.CK_PARAMS_RSA_PSS
    const parameter: pkcs11js.RsaPSS = { type, hashAlg: hash, mgf: mask, saltLen: saltOctets }
    return { mechanism: row.mechanism, parameter }
  }

  #explained<T>(work: () => T): T {
    return explained(this.#library, work)
  }

  #fail(error: unknown): never {
    return this.#explained(() => {
      throw error
    })
  }
}

/** SP 800-57 part 1 section 5.2: one use for a key. Nobody can take it out, nor use it for anything else. */
const closedAttributes: readonly TokenAttribute[] = [
  { type: attribute.private, value: true },
  { type: attribute.sensitive, value: true },
  { type: attribute.extractable, value: false },
  { type: attribute.modifiable, value: false },
  { type: attribute.sign, value: true },
  { type: attribute.decrypt, value: false },
  { type: attribute.unwrap, value: false },
  { type: attribute.signRecover, value: false },
  { type: attribute.derive, value: false },
]

const aboutTemplate: ReadonlySet<number> = new Set([
  ...[returnValue.attributeReadOnly, returnValue.attributeTypeInvalid],
  ...[returnValue.attributeValueInvalid, returnValue.templateInconsistent],
])

function encodeAttribute({ type, value }: TokenAttribute): pkcs11js.Attribute {
  return { type, value: typeof value === 'string' ? Buffer.from(value, 'hex') : value }
}

function idAttribute(id: string): pkcs11js.Attribute {
  return { type: attribute.id, value: Buffer.from(id) }
}

/** A CK_ULONG as the machine writes it; -1 for what is none. */
function numberIn(bytes: Buffer | undefined): number {
  return bytes === undefined || bytes.length === 0 || bytes.length > 8
    ? -1
    : bytes.readUIntLE(0, Math.min(bytes.length, 6))
}

/** CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID */
function isUnknownAttribute(code: number): boolean {
  return code === 0x11 || code === returnValue.attributeTypeInvalid
}
