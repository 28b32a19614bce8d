import type { KafkaMessage, Message } from '../open-kafka.ts'

export const toDeadLetterTopic = (topic: string) => `${topic}.dlq`

/** The unchanged message, with headers that say where it came from and why it was not decoded. */
export function toDeadLetter({
  message,
  reason,
  topic,
  partition,
  group,
}: {
  message: KafkaMessage
  reason: string
  topic: string
  partition: number
  group: string
}): Message {
  return {
    key: message.key,
    value: message.value,
    headers: {
      ...message.headers,
      dlq_reason: reason,
      dlq_topic: topic,
      dlq_partition: String(partition),
      dlq_offset: message.offset,
      dlq_group: group,
    },
  }
}
