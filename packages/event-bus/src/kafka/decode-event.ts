import { isUtf8 } from 'node:buffer'
import { EVENTS, type AnyEvent, type EventType } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { KafkaMessage } from '../open-kafka.ts'

type Decoded = { outcome: 'decoded'; event: AnyEvent } | { outcome: 'undecodable'; reason: string }

const Text = Type.String({ minLength: 1 })
const attributes = Compile(
  Type.Object({
    'content-type': Type.String({ pattern: '^application/json\\b' }),
    ce_specversion: Type.Literal('1.0'),
    ce_id: Type.String({ format: 'uuid' }),
    ce_type: Type.Enum(Object.keys(EVENTS) as EventType[]),
    ce_source: Text,
    ce_time: Type.String({ format: 'date-time' }),
    ce_subject: Text,
    ce_traceparent: Type.Optional(Text),
  }),
)
const data = new Map<EventType, Validator>(
  Object.entries(EVENTS).map(([type, schema]) => [type as EventType, Compile(schema)]),
)

/**
 * Decodes an event in binary mode and validates it against the schema of its type. Unknown fields
 * are accepted, so that newer producers can add some. `reason` never contains the input.
 */
export function decodeEvent({
  key,
  value,
  headers = {},
}: Pick<KafkaMessage, 'key' | 'value' | 'headers'>): Decoded {
  const texts: Record<string, unknown> = {}
  for (const [name, content] of Object.entries(headers))
    texts[name] = Buffer.isBuffer(content) ? content.toString() : content
  if (!attributes.Check(texts)) return refuse('the headers do', attributes.Errors(texts))
  if (key === null || key.length === 0)
    return { outcome: 'undecodable', reason: 'the key is missing' }
  const body = parse(value)
  if (body === undefined) return { outcome: 'undecodable', reason: 'the body is not JSON' }
  const schema = data.get(texts.ce_type)
  if (schema === undefined || !schema.Check(body))
    return refuse('the body does', schema?.Errors(body) ?? [])
  const {
    ce_id: id,
    ce_type: type,
    ce_source: source,
    ce_time: time,
    ce_subject: subject,
    ce_traceparent: traceparent,
  } = texts
  const event = {
    id,
    type,
    source,
    time,
    subject,
    key: key.toString(),
    ...(traceparent !== undefined && { traceparent }),
    data: body,
  }
  return { outcome: 'decoded', event: event as AnyEvent }
}

function refuse(what: string, [first]: readonly { schemaPath: string }[]): Decoded {
  return {
    outcome: 'undecodable',
    reason: `${what} not fit the schema at ${first?.schemaPath ?? '#'}`,
  }
}

function parse(value: Buffer | null): unknown {
  if (value === null || !isUtf8(value)) return undefined
  try {
    const text = value.toString()
    // Postgres cannot store U+0000.
    return text.includes('\\u0000') ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
