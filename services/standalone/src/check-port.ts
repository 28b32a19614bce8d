import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Throws when the port is in use. Checked first, so that the operator does not wait for the
 * database to be created.
 */
export async function checkPort({ host, port }: { host: string; port: number }): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
