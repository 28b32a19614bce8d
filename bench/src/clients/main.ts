import { execFileSync } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { fiveWithAxiosAuthRefresh, fiveWithOurs, type Outcome } from './five-at-once.ts'
import { ours, withAxiosAuthRefresh, withOidcClient, type Hourly } from './refreshes-an-hour.ts'

/**
 * `npm run bench:clients` prints the table of packages/client/README.md; it installs each library
 * from the registry.
 */
const scratch = mkdtempSync(join(tmpdir(), 'auto-refresh-clients-'))
const { resolve } = createRequire(import.meta.url)
const client = dirname(dirname(resolve('@auto-refresh/client')))

function install(name: string, what: string) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--install-links', what], {
    cwd: folder,
    stdio: 'pipe',
  })
  const files = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' })
  const stats = files
    .map((file) => lstatSync(join(folder, 'node_modules', file)))
    .filter((stat) => stat.isFile())
  const packages = files.filter((file) =>
    /^(?:@[^/]+\/)?[^@/.][^/]*\/package\.json$/.test(file),
  ).length
  return { folder, kB: Math.round(stats.reduce((sum, { size }) => sum + size, 0) / 1000), packages }
}
async function sizeOf(folder: string, contents: string) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['axios'],
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

const toFive = ({ answered, refused, refreshes }: Outcome) =>
  `${answered} answered, ${refused} refused, ${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}`
const toHourly = ({ refreshes, refused }: Hourly) =>
  `${refreshes.toFixed(2)} (${refused.toFixed(2)})`
const oneIsLate = (url: string) => (url === '/4' ? 200 : 10)

try {
  execFileSync('npm', ['run', 'build'], { cwd: client, stdio: 'pipe' })
  cpSync(join(client, 'dist'), join(scratch, 'dist'), { recursive: true })
  const installed = [
    install('ours', join(scratch, 'dist')),
    install('axios-auth-refresh', 'axios-auth-refresh@5.0.2'),
    install('oidc-client-ts', 'oidc-client-ts@3.5.0'),
  ] as const
  const sizes = [
    await sizeOf(installed[0].folder, `export { TokenManager } from '@auto-refresh/client'`),
    await sizeOf(installed[1].folder, `export { createAuthRefresh } from 'axios-auth-refresh'`),
    await sizeOf(installed[2].folder, `export { UserManager } from 'oidc-client-ts'`),
  ]
  const rows = [
    ['', '@auto-refresh/client', 'axios-auth-refresh 5.0.2', 'oidc-client-ts 3.5.0'],
    ['minified and compressed, bytes', ...sizes],
    ['installed, kB (packages)', ...installed.map(({ kB, packages }) => `${kB} (${packages})`)],
    [
      'refreshes an hour (requests that met a 401)',
      toHourly(await ours()),
      toHourly(await withAxiosAuthRefresh()),
      toHourly(await withOidcClient()),
    ],
    [
      'five concurrent 401s',
      toFive(await fiveWithOurs()),
      toFive(await fiveWithAxiosAuthRefresh()),
      '',
    ],
    [
      'the same, one of them late',
      toFive(await fiveWithOurs(oneIsLate)),
      toFive(await fiveWithAxiosAuthRefresh(oneIsLate)),
      '',
    ],
  ]
  process.stdout.write(
    rows
      .map(
        (row, index) =>
          `| ${row.join(' | ')} |\n${index === 0 ? `|${' --- |'.repeat(row.length)}\n` : ''}`,
      )
      .join(''),
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
