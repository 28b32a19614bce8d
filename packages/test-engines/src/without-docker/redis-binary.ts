import { execFile } from 'node:child_process'
import { chmod, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from './cache-folder.ts'
import { runMaven } from './run-maven.ts'

const run = promisify(execFile)
const ARTIFACT = { group: 'com.github.codemonstur', name: 'embedded-redis', version: '1.4.3' }
const BINARIES: Record<string, string> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}
/** Without a project Maven would leave marker files in the working directory. */
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>auto-refresh</groupId>
  <artifactId>redis-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
</project>
`

/**
 * Returns `redis-server` or `valkey-server` if one is on the PATH, else the path of a binary from a
 * Maven artifact, which stays in the cache.
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
      'redis-server and valkey-server are not on the PATH, ' +
        `and there is no download for ${process.platform}-${process.arch}`,
    )
  const folder = await cacheFolder({
    name: `${ARTIFACT.name}-${ARTIFACT.version}`,
    environment,
    async fill(making) {
      const pom = join(making, 'pom.xml')
      await writeFile(pom, POM)
      await runMaven(
        [
          '-f',
          pom,
          'dependency:unpack',
          `-Dartifact=${ARTIFACT.group}:${ARTIFACT.name}:${ARTIFACT.version}`,
          `-Dmdep.unpack.includes=${entry}`,
          `-DoutputDirectory=${making}`,
        ],
        environment,
      )
      await chmod(join(making, entry), 0o755)
      await rename(join(making, entry), join(making, 'redis-server'))
    },
  })
  return join(folder, 'redis-server')
}
