import { Redis } from 'ioredis'

const ANSWER_MS = 50
const CONNECT_MS = 1000
const RECONNECT_MS = 500

/**
 * A connection that answers within 50 ms (or `answerMs`) or throws, never queues, never repeats a
 * command, and comes back by itself. It connects with `connect`; without Redis it goes on trying.
 * Errors of the connection go to `onError`.
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
    // a connection that is open and mute is given up, long before TCP would
    socketTimeout: Math.max(CONNECT_MS, answerMs),
    retryStrategy: () => RECONNECT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // what has timed out was counted elsewhere already
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
    // after a failover the name may lead to the new primary
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  client.on('error', onError)
  return client
}
