import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import {
  createTestDatabase,
  DUMP_SETTINGS,
  RELEASE_FOLDER,
  stopTestPostgres,
  unpackRelease,
  waitSeconds,
  type Release,
} from '@auto-refresh/test-engines'
import { dumpDatabase } from './harness/dump-database.ts'
import { fillRelease, leaveWork } from './harness/fill-release.ts'
import { runOperation } from './harness/run-operation.ts'
import { CLIENT_ID, startIdentityProvider } from './harness/start-identity-provider.ts'
import { REPOSITORY, startStandalone, temporaryFolder } from './harness/start-standalone.ts'

/**
 * `npm run dump-release -- <commit>` makes that commit (HEAD without it) the previous release of the
 * upgrade test: its own code fills a database, which is written to
 * packages/test-engines/previous-release, with what the test must know of it. Run it after each
 * release, and commit what it has written.
 */
const commit = git('rev-parse', `${process.argv[2] ?? 'HEAD'}^{commit}`)
const { version } = JSON.parse(git('show', `${commit}:package.json`)) as { version: string }

/** Its rows exist for a moment. */
const MAY_BE_EMPTY = ['auth_api.pending_revocations']
/** A gap of the heartbeat that counts as a downtime. */
const DOWNTIME_SECONDS = 5

await using cleanUp = new AsyncDisposableStack()
const release = await unpackRelease(commit)
cleanUp.defer(release.remove)
const database = await createTestDatabase()
cleanUp.defer(stopTestPostgres)
cleanUp.defer(database.drop)
const folder = await temporaryFolder()
cleanUp.defer(folder.remove)
const idp = await startIdentityProvider({ 7: { preferred_username: 'hani' } })
cleanUp.defer(idp.stop)
const issuers = join(folder.path, 'issuers.json')
await writeFile(issuers, JSON.stringify([{ issuer: idp.issuer, audience: CLIENT_ID }]))

const env = { ...DUMP_SETTINGS, TRUSTED_ISSUERS: issuers }
const start = async () =>
  (
    await startStandalone({
      repository: release.path,
      dataDir: folder.path,
      databaseUrl: database.url,
      env,
    })
  ).ready()
const operate = async (name: 'user' | 'session' | 'keys', args: string[], input = '') => {
  const settings = { ...DUMP_SETTINGS, DATA_DIR: folder.path, DATABASE_URL: database.url }
  const options = { args, input, env: settings, repository: release.path }
  const { code, output } = await runOperation(name, options)
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}: ${output}`)
  return output
}

const first = await start()
await first.stop()
await waitSeconds(DOWNTIME_SECONDS)
const system = await start()
const filled = await fillRelease({ url: system.url, databaseUrl: database.url, operate }, idp)
// A crash leaves rows that an orderly stop deletes.
system.kill('SIGKILL')
await system.exited
const sessions = await leaveWork({ operate }, filled)

const { text, empty } = await dumpDatabase(database.url, release.path)
const unfilled = empty.filter((table) => !MAY_BE_EMPTY.includes(table))
if (unfilled.length > 0)
  throw new Error(`No row in ${unfilled.join(', ')}: extend e2e/src/harness/fill-release.ts`)
const written: Release = {
  version,
  commit,
  dump: 'dump.sql',
  dumpedAt: new Date().toISOString(),
  sessions,
}
await mkdir(RELEASE_FOLDER, { recursive: true })
// Acts name the account of the operating system.
const neutral = text.replaceAll(`'cli:${userInfo().username}'`, `'cli:operator'`)
await writeFile(join(RELEASE_FOLDER, written.dump), neutral)
await writeFile(join(RELEASE_FOLDER, 'release.json'), `${JSON.stringify(written, undefined, 2)}\n`)
process.stdout.write(
  `Release ${version} (${commit.slice(0, 10)}): ${sessions.length} sessions, ` +
    `${Math.ceil(text.length / 1024)} kB\n`,
)

function git(...args: string[]): string {
  return execFileSync('git', ['-C', REPOSITORY, ...args], { encoding: 'utf8' }).trim()
}
