import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Throws when somebody listens there already: said at once, not after the database has been made.
 */
export async function checkPort({ host, port }: { host: string; port: number }): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
