import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DEMO_PASSWORD, type UserAdministration } from '@auto-refresh/auth-api'
import { ConfigError } from '@auto-refresh/service-kit/config'
import type { DemoUser } from './to-banner.ts'
import type { StandaloneConfig } from './config.ts'

const NAME = 'admin'
/** The actor in the record of acts. */
const SYSTEM = { kind: 'system', name: 'standalone' } as const
type Users = Pick<UserAdministration, 'add' | 'findByName' | 'setPassword' | 'checkPassword'>
const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * Ensures that the user `admin` exists, with the password of `DEMO_USER_PASSWORD`, else the one
 * from the guide. A given password is set again only if it differs from the last one, because a
 * change ends the user's sessions. Returns how the user can sign in now.
 */
export async function ensureDemoUser({
  users,
  config: { demoPassword, dataDir },
}: {
  users: Users
  config: Pick<StandaloneConfig, 'demoPassword' | 'dataDir'>
}): Promise<DemoUser> {
  if (demoPassword === undefined)
    return describe('refused password', await users.checkPassword(NAME, DEMO_PASSWORD))
  const lastGiven = join(dataDir, 'demo-user')
  const added = await users.add(
    { username: NAME, password: demoPassword, role: 'admin', demo: true },
    SYSTEM,
  )
  if (added.outcome === 'refused')
    throw new ConfigError([`DEMO_USER_PASSWORD is refused: ${added.reason}`])
  if (demoPassword === DEMO_PASSWORD)
    return describe('default password', await users.checkPassword(NAME, demoPassword))
  if (added.outcome === 'taken' && !(await isSame(lastGiven, demoPassword)))
    await setPassword(users, demoPassword)
  await remember(lastGiven, demoPassword)
  return describe('given password', await users.checkPassword(NAME, demoPassword))
}

async function setPassword(users: Users, password: string): Promise<void> {
  const user = await users.findByName(NAME)
  if (user !== undefined) await users.setPassword(user.id, password, SYSTEM)
}

/** The current state of the user: an operator can have changed anything since it was created. */
function describe(
  right: DemoUser,
  checked: Awaited<ReturnType<UserAdministration['checkPassword']>>,
): DemoUser {
  if (checked.outcome === 'not_found') return 'none'
  if (!checked.user.active) return 'disabled'
  // A user that an operator created is no demo user, whatever its password.
  const isTheirs = right !== 'given password' && !checked.user.demo
  return checked.outcome === 'wrong' || isTheirs ? 'own password' : right
}

async function remember(file: string, password: string): Promise<void> {
  const salt = randomBytes(16)
  await writeFile(
    file,
    `${salt.toString('hex')} ${(await derive(password, salt, 32)).toString('hex')}\n`,
    { mode: 0o600 },
  )
}

async function isSame(file: string, password: string): Promise<boolean> {
  const [salt = '', hash = ''] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ')
  const derived = await derive(password, Buffer.from(salt, 'hex'), 32)
  return hash.length === 64 && timingSafeEqual(derived, Buffer.from(hash, 'hex'))
}
