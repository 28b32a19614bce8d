/** A container of the official image that does not wait for its disk. */
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
