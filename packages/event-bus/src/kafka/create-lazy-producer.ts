import { openKafka, Partitioners, type Message } from '../open-kafka.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/** How long a broker waits for its replicas; below the request timeout. */
const ACK_TIMEOUT_MS = 3000
/** The default `message.max.bytes` of a topic is 1 MiB: a larger batch would always be rejected. */
const MAX_BYTES = 500_000
const HEADER_BYTES = 600

/**
 * A producer that waits for all in-sync replicas. It connects with the first message, so a service
 * starts without Kafka. It does not use the idempotent mode of kafkajs, which loses messages or
 * hangs (#1005, #598); consumers drop duplicates.
 */
export function createLazyProducer(settings: KafkaSettings, log: KafkaLog) {
  const producer = openKafka(settings, log).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: false,
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
  })
  let connected: Promise<void> | undefined

  function connect(): Promise<void> {
    connected ??= producer.connect().catch((error: unknown) => {
      connected = undefined
      throw error
    })
    return connected
  }

  return {
    /** Resolves when all messages are acknowledged. If it rejects, some may have been sent. */
    async send(topic: string, messages: readonly Message[]): Promise<void> {
      if (messages.length === 0) return
      await connect()
      for (const part of inParts(messages))
        await producer.send({ topic, messages: part, acks: -1, timeout: ACK_TIMEOUT_MS })
    },
    async close(): Promise<void> {
      await connected?.catch(() => {})
      await producer.disconnect()
    },
  }
}

function inParts(messages: readonly Message[]): Message[][] {
  const parts: Message[][] = []
  let bytes = Infinity
  for (const message of messages) {
    const size = (message.value?.length ?? 0) + HEADER_BYTES
    if (bytes + size > MAX_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(message)
    bytes += size
  }
  return parts
}
