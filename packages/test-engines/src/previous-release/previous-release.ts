import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository that the tests run in. */
export const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url))
/** Holds `release.json`, the dump and what a test must know of it. `npm run dump-release` writes them. */
export const RELEASE_FOLDER = fileURLToPath(new URL('../../previous-release', import.meta.url))

export type Release = Readonly<{
  version: string
  /** its code, in the history of this repository */
  commit: string
  dump: string
  /** when the dump was made; its times are moved by what has passed since */
  dumpedAt: string
  sessions: readonly DumpedSession[]
}>

/** A session of the dump, with the refresh token that its client has. */
export type DumpedSession = Readonly<{
  what: string
  newest: string
  /** `refreshed`, or the error code */
  expected: string
}>

/** What the previous release is, and where its dump is. */
export const readPreviousRelease = (): Release =>
  JSON.parse(readFileSync(`${RELEASE_FOLDER}/release.json`, 'utf8')) as Release

/** Runs git on this repository, also if another account owns the checkout. */
export const GIT = ['-C', REPOSITORY, '-c', 'safe.directory=*']

/** Whether the code of the previous release is here: a shallow clone or a tarball lacks it. */
export function hasPreviousRelease(environment: NodeJS.ProcessEnv): boolean {
  const commit = `${readPreviousRelease().commit}^{commit}`
  return spawnSync('git', [...GIT, 'cat-file', '-e', commit], { env: environment }).status === 0
}

/** Not a secret: everybody can derive the keys of the dump from these words. */
const toTestKey = (name: string) =>
  createHash('sha256').update(`public key of the upgrade test, ${name}`).digest('base64')

/** The settings that the dump was made with, and is served with. */
export const DUMP_SETTINGS = {
  REFRESH_TOKEN_KEYS: `1:${toTestKey('refresh tokens')}`,
  SIGNING_KEY_ENCRYPTION_KEYS: `1:${toTestKey('signing keys')}`,
  USERNAME_HASH_KEY: toTestKey('user names'),
  API_KEYS: `test=sessions:create+admin:read+admin:write:${toTestKey('administration')}`,
  ISSUER: 'http://localhost:8000',
  DEMO_USER_PASSWORD: 'the demo user of a dump',
  REFRESH_LIMIT: 'off',
  SESSION_LIMIT: '10000',
}
export const DUMP_ADMIN_KEY = toTestKey('administration')
/** The password of every user of the dump. */
export const DUMP_PASSWORD = 'correct horse battery'
