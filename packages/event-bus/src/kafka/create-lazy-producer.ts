import { openKafka, Partitioners, type Message } from '../open-kafka.ts'
import type { KafkaLog, KafkaSettings } from './settings.ts'

/** What a broker waits for its replicas, below the request time-out. */
const ACK_TIMEOUT_MS = 3000
/**
 * The default `message.max.bytes` of a topic is 1 MiB for a batch; one that is larger would never
 * be taken.
 */
const MOST_BYTES = 500_000
const HEADER_BYTES = 600

/**
 * Sends with the acknowledgement of all in-sync replicas. Connects with the first message, so that
 * a service starts without Kafka too. Not idempotent in Kafka's sense: that mode of kafkajs loses
 * or sticks (#1005, #598), and consumers drop duplicates.
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
    /**
     * Resolves when all is acknowledged; rejects after some seconds of trying, when some may have
     * been.
     */
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
    if (bytes + size > MOST_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(message)
    bytes += size
  }
  return parts
}
