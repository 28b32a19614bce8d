/** A password hash that another product made, from the bytes of the password as they are. */
export type ForeignHash =
  | Readonly<{
      scheme: 'argon2'
      variant: 'argon2id' | 'argon2i'
      memoryKib: number
      passes: number
      parallelism: number
      salt: Buffer
      tag: Buffer
    }>
  /** `settings`: `$2b$`, the cost and the salt; `prehash`: what bcrypt gets in place of the password */
  | Readonly<{ scheme: 'bcrypt'; prehash: 'none' | 'sha256_hex'; settings: string; tag: Buffer }>
  | Readonly<{
      scheme: 'pbkdf2'
      digest: 'sha1' | 'sha256' | 'sha512'
      iterations: number
      salt: Buffer
      tag: Buffer
    }>
  | Readonly<{
      scheme: 'scrypt'
      cost: number
      blockSize: number
      parallelization: number
      salt: Buffer
      tag: Buffer
    }>

/** `unknown`: no form that we verify; `too_costly`: a check would take more than about a second */
export type ParsedHash =
  | Readonly<{ outcome: 'parsed'; hash: ForeignHash }>
  | Readonly<{ outcome: 'unknown' }>
  | Readonly<{ outcome: 'too_costly' }>

/**
 * Bounds of what one check may cost: about a second of one core and 128 MiB. They cover the defaults
 * of the libraries and what OWASP recommends.
 */
const MOST_MEMORY_KIB = 131_072
const MOST_ARGON2_WORK_KIB = 1_048_576
const MOST_ARGON2_LANES = 16
const MOST_BCRYPT_COST = 14
const MOST_PBKDF2_ITERATIONS = { sha1: 5_000_000, sha256: 5_000_000, sha512: 2_000_000 }
/** PBKDF2 repeats all iterations for each block of the tag. */
const PBKDF2_BLOCK_BYTES = { sha1: 20, sha256: 32, sha512: 64 }
const MOST_SCRYPT_WORK = 2 ** 21
/** Short tags would match wrong passwords. */
const FEWEST_TAG_BYTES = 16

const UNKNOWN = { outcome: 'unknown' } as const
const TOO_COSTLY = { outcome: 'too_costly' } as const

const NUMBER = String.raw`([1-9]\d{0,9})`
const BASE64 = '([A-Za-z0-9+/]{4,128}={0,2})'
/** passlib's base64: `.` for `+`, no padding */
const AB64 = '([A-Za-z0-9./+]{0,128})'
/** Django's salt: visible ASCII without `$` */
const TEXT = String.raw`([!-#%-~]{1,128})`

/** `undefined`: an optional part that is absent */
type Parts = readonly (string | undefined)[]

const FORMS: readonly Readonly<{ form: RegExp; parse(parts: Parts): ParsedHash }>[] = [
  {
    // PHC strings, and the same after Django's `argon2`
    form: new RegExp(
      String.raw`^(?:argon2)?\$(argon2id|argon2i)\$v=19\$m=${NUMBER},t=${NUMBER},p=${NUMBER}\$${BASE64}\$${BASE64}$`,
    ),
    parse: ([variant, memory, passes, lanes, salt, tag]) =>
      toArgon2({
        scheme: 'argon2',
        variant: variant === 'argon2i' ? 'argon2i' : 'argon2id',
        memoryKib: Number(memory),
        passes: Number(passes),
        parallelism: Number(lanes),
        salt: fromBase64(salt),
        tag: fromBase64(tag),
      }),
  },
  {
    form: /^(?:bcrypt\$)?\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/,
    parse: (parts) => toBcrypt(parts, 'none'),
  },
  {
    form: /^bcrypt_sha256\$\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/,
    parse: (parts) => toBcrypt(parts, 'sha256_hex'),
  },
  {
    // passlib; sha1 has no name
    form: new RegExp(String.raw`^\$pbkdf2(?:-(sha1|sha256|sha512))?\$${NUMBER}\$${AB64}\$${AB64}$`),
    parse: ([digest = 'sha1', iterations, salt, tag]) =>
      toPbkdf2(digest, Number(iterations), fromAb64(salt), fromAb64(tag)),
  },
  {
    // Django
    form: new RegExp(String.raw`^pbkdf2_(sha1|sha256|sha512)\$${NUMBER}\$${TEXT}\$${BASE64}$`),
    parse: ([digest = '', iterations, salt = '', tag]) =>
      toPbkdf2(digest, Number(iterations), Buffer.from(salt), fromBase64(tag)),
  },
  {
    // passlib
    form: new RegExp(
      String.raw`^\$scrypt\$ln=([1-9]\d?),r=${NUMBER},p=${NUMBER}\$${BASE64}\$${BASE64}$`,
    ),
    parse: ([log, r, p, salt, tag]) =>
      toScrypt(2 ** Number(log), Number(r), Number(p), fromBase64(salt), fromBase64(tag)),
  },
  {
    // Django
    form: new RegExp(String.raw`^scrypt\$${NUMBER}\$${TEXT}\$${NUMBER}\$${NUMBER}\$${BASE64}$`),
    parse: ([cost, salt = '', r, p, tag]) =>
      toScrypt(Number(cost), Number(r), Number(p), Buffer.from(salt), fromBase64(tag)),
  },
]

/**
 * Parses a password hash of argon2 (PHC), bcrypt, or scrypt and PBKDF2 as passlib and Django write
 * them. Each result can be computed, within bounds.
 */
export function parseForeignHash(text: string): ParsedHash {
  for (const { form, parse } of FORMS) {
    const [, ...parts] = form.exec(text) ?? [undefined]
    if (parts.length === 0) continue
    const parsed = parse(parts)
    const isTagShort = parsed.outcome === 'parsed' && parsed.hash.tag.length < FEWEST_TAG_BYTES
    return isTagShort ? UNKNOWN : parsed
  }
  return UNKNOWN
}

/**
 * Returns the text under which an imported hash is stored. An argon2id hash in PHC form looks like
 * ours, which are made of the NFKC form of the password; so it gets the name that Django puts first.
 */
export function toStoredHash(text: string): string {
  return text.startsWith('$argon2') ? `argon2${text}` : text
}

function toArgon2(hash: Extract<ForeignHash, { scheme: 'argon2' }>): ParsedHash {
  const { memoryKib, passes, parallelism, salt } = hash
  if (memoryKib < 8 * parallelism || salt.length < 8) return UNKNOWN
  const isCostly =
    memoryKib > MOST_MEMORY_KIB ||
    memoryKib * passes > MOST_ARGON2_WORK_KIB ||
    parallelism > MOST_ARGON2_LANES
  return isCostly ? TOO_COSTLY : { outcome: 'parsed', hash }
}

function toBcrypt(
  [cost = '', salt = '', tag = '']: Parts,
  prehash: 'none' | 'sha256_hex',
): ParsedHash {
  if (Number(cost) < 4 || Number(cost) > 31) return UNKNOWN
  if (Number(cost) > MOST_BCRYPT_COST) return TOO_COSTLY
  // The three versions differ only in errors that their first implementations had.
  const settings = `$2b$${cost}$${salt}`
  return {
    outcome: 'parsed',
    hash: { scheme: 'bcrypt', prehash, settings, tag: Buffer.from(tag) },
  }
}

function toPbkdf2(name: string, iterations: number, salt: Buffer, tag: Buffer): ParsedHash {
  const digest = name === 'sha1' || name === 'sha512' ? name : 'sha256'
  const blocks = Math.ceil(tag.length / PBKDF2_BLOCK_BYTES[digest])
  if (iterations * blocks > MOST_PBKDF2_ITERATIONS[digest]) return TOO_COSTLY
  return { outcome: 'parsed', hash: { scheme: 'pbkdf2', digest, iterations, salt, tag } }
}

function toScrypt(
  cost: number,
  blockSize: number,
  parallelization: number,
  salt: Buffer,
  tag: Buffer,
): ParsedHash {
  if (cost < 2 || !Number.isInteger(Math.log2(cost)) || Math.log2(cost) >= 16 * blockSize)
    return UNKNOWN
  const isCostly =
    (cost * blockSize) / 8 > MOST_MEMORY_KIB ||
    cost * blockSize * parallelization > MOST_SCRYPT_WORK
  if (isCostly) return TOO_COSTLY
  return {
    outcome: 'parsed',
    hash: { scheme: 'scrypt', cost, blockSize, parallelization, salt, tag },
  }
}

const fromBase64 = (text = '') => Buffer.from(text, 'base64')
const fromAb64 = (text = '') => Buffer.from(text.replaceAll('.', '+'), 'base64')
