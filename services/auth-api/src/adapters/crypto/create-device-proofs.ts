import { timingSafeEqual } from 'node:crypto'
import type { DeviceProofs, HashUsername } from '../../ports.ts'

const ID_BYTES = 16

/** `<id>.<MAC>`: the MAC binds the id to one user. No user name begins with U+0000, so it is no hash of a name. */
export function createDeviceProofs({ hashUsername, randomBytes }: {
  hashUsername: HashUsername
  randomBytes: (size: number) => Buffer
}): DeviceProofs {
  const toMac = (id: string, usernameKey: string) => hashUsername(`\u0000device ${id} ${usernameKey}`)
  return {
    issue(usernameKey) {
      const id = randomBytes(ID_BYTES).toString('base64url')
      return `${id}.${toMac(id, usernameKey)}`
    },
    check(proof, usernameKey) {
      const [id = '', mac = '', ...rest] = proof.split('.')
      const given = Buffer.from(mac)
      const expected = Buffer.from(toMac(id, usernameKey))
      return rest.length === 0 && given.length === expected.length && timingSafeEqual(given, expected) ? id : undefined
    },
  }
}
