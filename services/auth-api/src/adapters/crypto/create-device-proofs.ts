import { timingSafeEqual } from 'node:crypto'
import { KNOWN_DEVICE_DAYS } from '../../domain/known-device-days.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { DeviceProofs, HashUsername } from '../../ports/sign-in-limits.ts'

const ID_BYTES = 16
const DAY_MS = 86_400_000
const SHAPE = /^([\w-]{22})\.(\d{1,8})\.([\w-]{43})$/

/**
 * Issues and checks proofs `<id>.<day of issue>.<MAC>`. The MAC binds id and day to one user. They
 * contain no space, so a user name cannot imitate a part of them. No user name begins with U+0000,
 * so the MAC is never the hash of a name.
 */
export function createDeviceProofs({
  hashUsername,
  randomBytes,
  clock,
}: {
  hashUsername: HashUsername
  randomBytes: (size: number) => Buffer
  clock: Clock
}): DeviceProofs {
  const today = () => Math.floor(clock.nowMs() / DAY_MS)
  const toMac = (id: string, day: string, usernameKey: string) =>
    hashUsername(`\u0000known device ${id} ${day} ${usernameKey}`)
  return {
    issue(usernameKey, id = randomBytes(ID_BYTES).toString('base64url')) {
      const day = String(today())
      return `${id}.${day}.${toMac(id, day, usernameKey)}`
    },
    check(proof, usernameKey) {
      const [, id, day = '', mac = ''] = SHAPE.exec(proof) ?? []
      // A day in the future is accepted: the clock was ahead when the proof was issued.
      if (id === undefined || today() - Number(day) > KNOWN_DEVICE_DAYS) return undefined
      const expected = Buffer.from(toMac(id, day, usernameKey))
      const given = Buffer.from(mac)
      return given.length === expected.length && timingSafeEqual(given, expected) ? id : undefined
    },
  }
}
