import type { AnyEvent } from '@auto-refresh/contracts'
import type { Message } from '../open-kafka.ts'

/**
 * Encodes an event as CloudEvents 1.0, Kafka binding, binary mode: attributes are headers, the value
 * is the data. `ce_traceparent` is the trace that caused the event, `traceparent` the one of this
 * hop; they are equal, because the relay adds no hop.
 */
export function encodeEvent({
  key,
  id,
  type,
  source,
  time,
  subject,
  traceparent,
  data,
}: AnyEvent): Message & { key: string; value: Buffer } {
  return {
    key,
    value: Buffer.from(JSON.stringify(data)),
    headers: {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: type,
      ce_source: source,
      ce_time: time,
      ce_subject: subject,
      ...(traceparent !== undefined && { ce_traceparent: traceparent, traceparent }),
    },
  }
}
