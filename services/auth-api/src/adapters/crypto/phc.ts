export type Argon2Cost = Readonly<{ memoryKib: number; passes: number; parallelism: number }>
export type Argon2Hash = Readonly<{ cost: Argon2Cost; salt: Buffer; tag: Buffer }>

const FORM =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/

/** Returns the PHC string of an argon2id hash, which includes its parameters. */
export function formatPhc({ cost, salt, tag }: Argon2Hash): string {
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/** Returns `undefined` for any other text, such as an imported bcrypt hash. */
export function parsePhc(text: string): Argon2Hash | undefined {
  const [, memoryKib, passes, parallelism, salt, tag] = FORM.exec(text) ?? []
  if (salt === undefined || tag === undefined) return undefined
  return {
    cost: {
      memoryKib: Number(memoryKib),
      passes: Number(passes),
      parallelism: Number(parallelism),
    },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
