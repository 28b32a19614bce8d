import { spawn, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, findFreePort } from '@auto-refresh/test-engines'

/** Debian's folder for it is not on the PATH of ordinary users. */
const NAMES = ['pgbouncer', '/usr/sbin/pgbouncer']

/** Starts a PgBouncer in session mode for the server of `url`, with default settings. */
export async function startPgBouncer(
  url: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const pgbouncer = NAMES.find((name) => spawnSync(name, ['--version']).status === 0)
  if (pgbouncer === undefined) throw new Error('PgBouncer is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'))
  // PgBouncer refuses to run as root, and must reach its files as another user.
  await chmod(folder, 0o755)
  const port = await findFreePort()
  const target = new URL(url)
  await writeFile(join(folder, 'users'), `"${target.username}" "${target.password}"\n`)
  await writeFile(
    join(folder, 'ini'),
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = plain
auth_file = ${join(folder, 'users')}
pool_mode = session
unix_socket_dir =
`,
  )
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(pgbouncer, ['-q', ...user, join(folder, 'ini')], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await eventually(() => {
    if (child.exitCode !== null) throw new Error('PgBouncer did not start')
    return isListening(port)
  }, 30_000)
  target.port = String(port)
  return {
    url: target.href,
    async stop() {
      child.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
