import { Redis } from 'ioredis'

const ANSWER_MS = 50
const CONNECT_MS = 1000
const RECONNECT_MS = 500

/**
 * Creates a client whose commands respond within `answerMs` (50 by default) or throw. It never
 * queues or repeats a command, and reconnects until it succeeds. Call `connect` to start it. Errors
 * of the connection go to `onError`.
 */
export function createRedisClient({
  url,
  name,
  onError,
  answerMs = ANSWER_MS,
}: {
  url: string
  name: string
  onError: (error: Error) => void
  answerMs?: number | undefined
}): Redis {
  const client = new Redis(url, {
    connectionName: name,
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: Math.max(CONNECT_MS, answerMs),
    disconnectTimeout: RECONNECT_MS,
    commandTimeout: answerMs,
    // closes a silent connection long before TCP would
    socketTimeout: Math.max(CONNECT_MS, answerMs),
    retryStrategy: () => RECONNECT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // a timed-out command was already counted in memory
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
    // after a failover the host name may resolve to the new primary
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  client.on('error', onError)
  return client
}
