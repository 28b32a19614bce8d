import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findBinaries, type Binaries } from './binaries.ts'
import { errorCode } from './error-code.ts'
import { isRunning } from './is-running.ts'
import { chooseLauncher, type Launcher } from './launcher.ts'

const run = promisify(execFile)

/** A folder with the data of one Postgres server, its password and its log. */
export type Instance = Readonly<{
  data: string
  log: string
  password: string
  binaries: Binaries
  launcher: Launcher
}>

/** Opens `<dataDir>/postgres`, and creates it if it is missing. Safe to run concurrently. */
export async function prepareInstance({
  dataDir,
  durable = true,
}: {
  dataDir: string
  durable?: boolean
}): Promise<Instance> {
  const binaries = findBinaries()
  // Others may traverse but not list it: Postgres can run as another user, and its folder is closed.
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  const parent = await realpath(dataDir)
  const folder = join(parent, 'postgres')
  const existing = await ownerOf(folder)
  const launcher = await chooseLauncher({
    fileOwner: existing,
    mustReach: [binaries.postgres, parent],
  })
  await removeInterrupted(parent)
  if (existing === undefined) await createInstance({ parent, folder, binaries, launcher, durable })
  else if (existing !== launcher.owner.uid)
    await run('chown', ['-R', `${launcher.owner.uid}:${launcher.owner.gid}`, folder])
  return {
    data: join(folder, 'data'),
    log: join(folder, 'log'),
    password: await readFile(join(folder, 'password'), 'utf8'),
    binaries,
    launcher,
  }
}

/** initdb works in a temporary folder that is renamed at the end, so an interrupted one is no data. */
async function createInstance({
  parent,
  folder,
  binaries,
  launcher,
  durable,
}: {
  parent: string
  folder: string
  binaries: Binaries
  launcher: Launcher
  durable: boolean
}): Promise<void> {
  const making = join(parent, `postgres.making-${process.pid}-${randomBytes(4).toString('hex')}`)
  const { uid, gid } = launcher.owner
  const passwordFile = join(making, 'password')
  await mkdir(making, { mode: 0o700 })
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true })
  for (const path of [making, passwordFile]) await chown(path, uid, gid)
  const [file = '', ...args] = [
    ...launcher.prefix,
    binaries.initdb,
    '--pgdata',
    join(making, 'data'),
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ]
  await run(file, args, { ...launcher.identity, cwd: '/', env: SERVER_ENVIRONMENT })
  // Another process may have been faster: use its folder.
  await rename(making, folder).catch(async (error: unknown) => {
    await rm(making, { recursive: true, force: true })
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error
  })
}

/** The environment of Postgres, without variables that change its language, time zone or defaults. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function removeInterrupted(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const maker = /^postgres\.making-(\d+)-/.exec(name)?.[1]
    if (maker !== undefined && !isRunning(Number(maker)))
      await rm(join(parent, name), { recursive: true, force: true })
  }
}
