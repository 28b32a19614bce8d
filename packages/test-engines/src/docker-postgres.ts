import { existsSync } from 'node:fs'
import { request, type RequestOptions } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** True when a Docker engine answers within a second; `dockerHost` is `DOCKER_HOST`. */
export async function isDockerThere(dockerHost: string | undefined): Promise<boolean> {
  const target = toTarget(dockerHost)
  if (target === undefined) return false
  return new Promise((resolve) => {
    const ping = request({ ...target, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.once('timeout', () => ping.destroy())
    ping.once('error', () => resolve(false))
    ping.once('close', () => resolve(false))
    ping.end()
  })
}

function toTarget(dockerHost: string | undefined): RequestOptions | undefined {
  if (dockerHost?.startsWith('unix://') === true)
    return { socketPath: dockerHost.slice('unix://'.length) }
  if (dockerHost !== undefined && dockerHost !== '') {
    const { hostname, port } = new URL(dockerHost)
    return { host: hostname, port: port || 2375 }
  }
  const socketPath = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')].find(
    (path) => existsSync(path),
  )
  return socketPath === undefined ? undefined : { socketPath }
}

export async function startDockerPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer('postgres:18')
    .withCommand(['postgres', '-c', 'fsync=off'])
    .start()
  return {
    url: container.getConnectionUri(),
    async stop() {
      await container.stop()
    },
  }
}
