import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DEMO_PASSWORD, type UserAdministration } from '@auto-refresh/auth-api'
import { ConfigError } from '@auto-refresh/service-kit/config'
import type { DemoUser } from './to-banner.ts'
import type { StandaloneConfig } from './config.ts'

const NAME = 'admin'
const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * Sees to it that the user `admin` is there, with the password that `DEMO_USER_PASSWORD` gives, or
 * else the one from the guide. A given password is set again only when it is another than last
 * time, because that ends the user's sessions. Returns how the user can sign in now.
 */
export async function ensureDemoUser({
  users,
  config: { demoPassword, dataDir },
}: {
  users: Pick<UserAdministration, 'add' | 'setPassword' | 'checkPassword'>
  config: Pick<StandaloneConfig, 'demoPassword' | 'dataDir'>
}): Promise<DemoUser> {
  if (demoPassword === undefined)
    return describe('refused password', await users.checkPassword(NAME, DEMO_PASSWORD))
  const lastGiven = join(dataDir, 'demo-user')
  const added = await users.add({
    username: NAME,
    password: demoPassword,
    role: 'admin',
    demo: true,
  })
  if (added.outcome === 'refused')
    throw new ConfigError([`DEMO_USER_PASSWORD is refused: ${added.reason}`])
  if (demoPassword === DEMO_PASSWORD)
    return describe('default password', await users.checkPassword(NAME, demoPassword))
  if (added.outcome === 'taken' && !(await isSame(lastGiven, demoPassword)))
    await users.setPassword(NAME, demoPassword)
  await remember(lastGiven, demoPassword)
  return describe('given password', await users.checkPassword(NAME, demoPassword))
}

/** What is true of the user now: an operator can have changed anything since it was made. */
function describe(
  right: DemoUser,
  checked: Awaited<ReturnType<UserAdministration['checkPassword']>>,
): DemoUser {
  if (checked.outcome === 'not_found') return 'none'
  if (!checked.user.active) return 'disabled'
  // one that an operator has made is no demo user, whatever its password
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
