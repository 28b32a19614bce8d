import { createRequire } from 'node:module'
import { Kafka, logLevel, type logCreator } from 'kafkajs'
import { calmIdleConnections, type RequestQueue } from './kafka/calm-idle-connections.ts'
import { replaceRecordCodec } from './kafka/replace-record-codec.ts'
import type { KafkaLog, KafkaSettings } from './kafka/settings.ts'

// The only module that imports kafkajs.
export { Partitioners } from 'kafkajs'
export type { Admin, EachBatchPayload, KafkaMessage, Message } from 'kafkajs'

const require = createRequire(import.meta.url)
const queue = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
calmIdleConnections(queue.prototype)
replaceRecordCodec(require)

/** A start of the services together with Kafka takes less. */
const STARTING_MS = 60_000
const START_MESSAGE =
  /leadership election|no leader|does not host this topic-partition|coordinator is (not available|loading)|GROUP_LOAD_IN_PROGRESS|rebalanc/i

/**
 * Creates a Kafka client. Each member needs its own, because kafkajs shares the offsets of a group
 * among the consumers of one client. `retries` is per step, such as finding a connection; the first
 * comes after 0.1 s, later ones after up to 1 s.
 */
export function openKafka(
  { brokers, clientId, ssl = false, sasl }: KafkaSettings,
  log: KafkaLog,
  { retries = 2 }: { retries?: number } = {},
): Kafka {
  const openedAtMs = performance.now()
  const toLog: logCreator =
    () =>
    ({ log: { message, broker, topic, groupId, error } }) => {
      const fields = { library: 'kafkajs', broker, topic, group: groupId, cause: toText(error) }
      const isStarting = performance.now() - openedAtMs < STARTING_MS
      if (isStarting && isOfStart(message, error)) log.info?.(fields, message)
      else log.warn(fields, message)
    }
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ssl,
    ...(sasl && { sasl }),
    connectionTimeout: 3000,
    requestTimeout: 5000,
    retry: { initialRetryTime: 100, maxRetryTime: 1000, multiplier: 2, factor: 0.2, retries },
    logLevel: logLevel.WARN,
    logCreator: toLog,
  })
}

/**
 * Topics that were just created have no leader yet, a new group no coordinator or one that is
 * loading, and its members join one after another. kafkajs retries; what lasts longer than a start
 * is a warning.
 */
function isOfStart(message: string, error: unknown): boolean {
  return START_MESSAGE.test(`${message} ${toText(error) ?? ''}`)
}

const toText = (error: unknown) =>
  error instanceof Error ? error.message : typeof error === 'string' ? error : undefined
