import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../machine/cache-folder.ts'
import { runMaven } from '../machine/run-maven.ts'
import { readZipEntry } from './read-zip-entry.ts'

const run = promisify(execFile)
const ARTIFACT = { group: 'com.github.codemonstur', name: 'embedded-redis', version: '1.4.3' }
const BINARIES: Record<string, string> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}

/**
 * redis-server or valkey-server of the PATH, else the static binary in a Maven artifact, which
 * stays in the cache.
 */
export async function redisBinary(environment: NodeJS.ProcessEnv): Promise<string> {
  for (const name of ['redis-server', 'valkey-server']) {
    if (
      await run(name, ['--version'], { env: environment }).then(
        () => true,
        () => false,
      )
    )
      return name
  }
  const entry = BINARIES[`${process.platform}-${process.arch}`]
  if (entry === undefined)
    throw new Error(
      `there is no redis-server or valkey-server on the PATH, and none to download for ${process.platform}-${process.arch}`,
    )
  const folder = await cacheFolder({
    name: `${ARTIFACT.name}-${ARTIFACT.version}`,
    environment,
    async fill(making) {
      await runMaven(
        [
          'dependency:copy',
          `-Dartifact=${ARTIFACT.group}:${ARTIFACT.name}:${ARTIFACT.version}`,
          `-DoutputDirectory=${making}`,
        ],
        environment,
      )
      const jar = join(making, `${ARTIFACT.name}-${ARTIFACT.version}.jar`)
      await writeFile(join(making, 'redis-server'), readZipEntry(await readFile(jar), entry), {
        mode: 0o755,
      })
      await rm(jar)
    },
  })
  return join(folder, 'redis-server')
}
