import { randomUUID } from 'node:crypto'
import { openKafka, type KafkaMessage } from '../open-kafka.ts'
import type { KafkaSettings } from '../kafka/settings.ts'

/** Collects every message of a topic, raw, until `close`. */
export async function readTopic(
  settings: KafkaSettings,
  topic: string,
): Promise<{ messages: KafkaMessage[]; close: () => Promise<void> }> {
  const consumer = openKafka(settings, { warn: () => {} }).consumer({
    groupId: randomUUID(),
    maxWaitTimeInMs: 50,
  })
  const messages: KafkaMessage[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void messages.push(message) })
  return { messages, close: () => consumer.disconnect() }
}

/** Header name -> text. */
export function toTexts({ headers = {} }: KafkaMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, content]) => [name, String(content)]),
  )
}
