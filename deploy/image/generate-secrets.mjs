// For docker-compose.yml: generates every key and password at the first `up`, keeps them, and gives
// each container only its own. Usage: node generate-secrets.mjs <folder>. `<folder>/all` keeps all of
// them, `<folder>/<container>` gets one file per setting. Safe to run again.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const folder = process.argv[2] ?? '/secrets'
const key = () => randomBytes(32).toString('base64')
const password = () => randomBytes(24).toString('hex')

/**
 * Replaces the file in one step, because a container may be reading it. The file is readable by any
 * user: its volume is mounted in one container only.
 */
async function write(file, text) {
  await writeFile(`${file}.new`, text, { mode: 0o444, flush: true })
  await rename(`${file}.new`, file)
}

const master = join(folder, 'all', 'secrets.json')
const kept = await readFile(master, 'utf8').catch((error) => {
  if (error.code === 'ENOENT') return '{}'
  throw error
})
// Secrets that a newer version needs are added to the existing ones.
const all = {
  postgres: password(),
  auth_owner: password(),
  auth_api: password(),
  token_store: password(),
  cleanup_worker: password(),
  auditor: password(),
  redis: password(),
  internalApiKey: password(),
  refreshTokenKey: key(),
  signingKeyEncryptionKey: key(),
  usernameHashKey: key(),
  casesApiKey: key(),
  ...JSON.parse(kept),
}
await mkdir(join(folder, 'all'), { recursive: true })
await write(master, JSON.stringify(all))

const databaseUrl = (role) => `postgres://${role}:${all[role]}@postgres:5432/auth`
const redisUrl = `redis://:${all.redis}@redis:6379`
const files = {
  postgres: {
    POSTGRES_PASSWORD: all.postgres,
    auth_owner: all.auth_owner,
    auth_api: all.auth_api,
    token_store: all.token_store,
    cleanup_worker: all.cleanup_worker,
    auditor: all.auditor,
  },
  redis: {
    'redis.conf': `requirepass ${all.redis}\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\nsave ""\n`,
  },
  'auth-api': {
    DATABASE_URL: databaseUrl('auth_api'),
    REDIS_URL: redisUrl,
    INTERNAL_API_KEYS: all.internalApiKey,
    SIGNING_KEY_ENCRYPTION_KEYS: `1:${all.signingKeyEncryptionKey}`,
    USERNAME_HASH_KEY: all.usernameHashKey,
    API_KEYS: `cases-api=revocations:read+tokens:refresh:${all.casesApiKey}`,
  },
  'token-store': {
    DATABASE_URL: databaseUrl('token_store'),
    INTERNAL_API_KEYS: all.internalApiKey,
    REFRESH_TOKEN_KEYS: `1:${all.refreshTokenKey}`,
  },
  'cases-api': { API_KEY: all.casesApiKey },
  'cleanup-worker': {
    DATABASE_URL: databaseUrl('cleanup_worker'),
    INTERNAL_API_KEYS: all.internalApiKey,
  },
  'threat-monitor': { REDIS_URL: redisUrl },
  // `npm run user -- hash` and `npm run keys -- retire` need the keys of the services
  operations: {
    DATABASE_URL: databaseUrl('auth_owner'),
    USERNAME_HASH_KEY: all.usernameHashKey,
    SIGNING_KEY_ENCRYPTION_KEYS: `1:${all.signingKeyEncryptionKey}`,
  },
}
for (const [container, settings] of Object.entries(files)) {
  await mkdir(join(folder, container), { recursive: true })
  // A setting that a newer version replaced would stop its start.
  for (const name of await readdir(join(folder, container)))
    if (!(name in settings)) await rm(join(folder, container, name))
  for (const [name, value] of Object.entries(settings))
    await write(join(folder, container, name), value)
}
