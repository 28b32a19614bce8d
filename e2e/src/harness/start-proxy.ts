import { spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, findFreePort, stopWithParent } from '@auto-refresh/test-engines'
import { readBlocks } from './read-blocks.ts'
import { REPOSITORY, temporaryFolder } from './start-standalone.ts'

export const PROXIES = ['nginx', 'caddy', 'haproxy'] as const
export type ProxyEngine = (typeof PROXIES)[number]
/** `snippet`: nginx with the few lines of docs/integrate.md. */
type Sample = ProxyEngine | 'snippet'
type Setup = { folder: string; file: string; check: string[]; run: string[] }
type Pairs = ReadonlyArray<readonly [RegExp, string]>
type Upstreams = { authApi: number; application: number; edits?: Pairs }
type Addresses = Upstreams & { port: number; inner: number }
const SAMPLES = join(REPOSITORY, 'deploy/forward-auth')

/**
 * Starts a real proxy with its sample on a free port. Only the addresses, TLS and what
 * `edits` say are replaced. Throws if the proxy's own check rejects the sample.
 */
export async function startProxy(name: Sample, upstreams: Upstreams) {
  const engine = name === 'snippet' ? 'nginx' : name
  const folder = await temporaryFolder()
  const port = await findFreePort()
  const setup = await SETUPS[name](folder.path, {
    ...upstreams,
    port,
    inner: await findFreePort(),
  })
  const env = { ...process.env, HOME: folder.path, XDG_DATA_HOME: folder.path }
  const checked = spawnSync(engine, setup.check, { env, cwd: folder.path, encoding: 'utf8' })
  if (checked.status !== 0)
    throw new Error(`${engine} rejects its sample:\n${checked.stdout}${checked.stderr}`)
  const child = spawn(engine, setup.run, {
    env,
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  stopWithParent(child)
  let output = checked.stdout + checked.stderr
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`${engine} did not start:\n${output}`)
    return fetch(`${url}/public/`, { headers: { connection: 'close' } }).then(
      () => true,
      () => false,
    )
  }, 30_000)
  return {
    url,
    port,
    output: () => output,
    async stop() {
      child.kill(engine === 'haproxy' ? 'SIGUSR1' : 'SIGTERM')
      child.kill('SIGTERM')
      await exited
      await folder.remove()
    },
  }
}

/** Replaces each of `pairs`, and throws if the sample does not contain it. */
async function readSample(file: string, pairs: Pairs) {
  return replaceAll(file, await readFile(join(SAMPLES, file), 'utf8'), pairs)
}

function replaceAll(name: string, text: string, pairs: Pairs) {
  let sample = text
  for (const [find, replacement] of pairs) {
    if (!new RegExp(find, 'm').test(sample))
      throw new Error(`${name} does not contain ${String(find)}`)
    sample = sample.replaceAll(new RegExp(find, 'gm'), replacement)
  }
  return sample
}

const toAddresses = ({ authApi, application, edits = [] }: Addresses): Pairs => [
  ...edits,
  [/auth-api\.internal:8000/, `127.0.0.1:${authApi}`],
  [/app\.internal:3000/, `127.0.0.1:${application}`],
]

async function setUpNginx(folder: string, sample: string): Promise<Setup> {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path "${folder}/${name}";`,
  )
  const file = join(folder, 'nginx.conf')
  await writeFile(join(folder, 'sample.conf'), sample)
  await writeFile(
    file,
    `pid "${folder}/nginx.pid"; error_log stderr error; worker_processes 1; daemon off;
     events { worker_connections 256; }
     http { access_log off; ${paths.join(' ')} include "${folder}/sample.conf"; }`,
  )
  const args = ['-c', file, '-p', folder, '-e', 'stderr']
  return { folder, file, check: ['-t', ...args], run: args }
}

const SETUPS: Record<Sample, (folder: string, to: Addresses) => Promise<Setup>> = {
  async nginx(folder, to) {
    const sample = await readSample('nginx.conf', [
      ...toAddresses(to),
      [/listen 443 ssl;/, `listen 127.0.0.1:${to.port};`],
      [/^ *ssl_.*$/, ''],
    ])
    return setUpNginx(folder, sample)
  },
  snippet(folder, { port, authApi, application }) {
    const document = 'docs/integrate.md'
    const shown = readBlocks(document).find(({ language }) => language === 'nginx')
    const sample = replaceAll(document, shown?.code ?? '', [
      [/\/\/auth-api:8000/, `//127.0.0.1:${authApi}`],
      [/\/\/app;/, `//127.0.0.1:${application};`],
    ])
    return setUpNginx(folder, `server { listen 127.0.0.1:${port}; ${sample} }`)
  },
  async caddy(folder, to) {
    const file = join(folder, 'Caddyfile')
    const sample = await readSample('Caddyfile', [
      ...toAddresses(to),
      [/^app\.example\.com \{/, `http://:${to.port} {\n\tbind 127.0.0.1`],
    ])
    await writeFile(file, `{\n\tadmin off\n}\n${sample}`)
    const args = ['--config', file, '--adapter', 'caddyfile']
    return { folder, file, check: ['validate', ...args], run: ['run', ...args] }
  },
  async haproxy(folder, to) {
    const file = join(folder, 'haproxy.cfg')
    const plain = join(folder, 'lua')
    await mkdir(plain)
    await cp(join(SAMPLES, 'verify.lua'), join(plain, 'verify.lua'))
    const sample = await readSample('haproxy.cfg', [
      ...toAddresses(to),
      [/127\.0\.0\.1:8199/, `127.0.0.1:${to.inner}`],
      [/bind :443 ssl crt .*$/, `bind 127.0.0.1:${to.port}`],
      [/lua-load .*$/, `lua-load ${plain.replaceAll(' ', '\\ ')}/verify.lua`],
    ])
    await writeFile(file, sample)
    return { folder, file, check: ['-c', '-f', file], run: ['-db', '-f', file] }
  },
}
