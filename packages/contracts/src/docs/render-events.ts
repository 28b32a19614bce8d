import {
  LOGIN_EVENTS_TOPIC,
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
  toTopic,
  type EventType,
} from '../events.ts'
import { EVENT_MEANINGS } from './event-meanings.ts'
import { EVENT_TYPES, toJsonSchema, type JsonSchema } from './to-json-schema.ts'

const INTRODUCTION = `# Events

Generated from \`packages/contracts\` by \`npm run docs -w packages/contracts\`; do not edit.

Every event is a [CloudEvent](https://cloudevents.io) 1.0 in binary mode: its attributes are Kafka headers, the value is the data as JSON.

| header | content |
| --- | --- |
| \`ce_specversion\` | \`1.0\` |
| \`ce_id\` | a UUID; the same when an event is delivered again |
| \`ce_type\` | one of the types below |
| \`ce_source\` | the service that decided |
| \`ce_time\` | when it was decided, UTC |
| \`ce_subject\` | what it is about |
| \`ce_traceparent\`, \`traceparent\` | the trace of the request that caused it (W3C Trace Context), where it was traced |
| \`content-type\` | \`application/json\` |

* Delivery is at least once. Drop what you have seen: by \`ce_id\`, or keep the highest \`session_seq\` of each session and drop what is not above it.
* All events of a session have the same key and arrive in the order of \`session_seq\`, first occurrences without a gap.
* A type only ever gains optional fields, so ignore fields you do not know. Anything else is a new type.
* Events hold no token, no password and no whole address: \`network\` is the /24 or /48.
* What a consumer cannot decode goes to \`<topic>.dlq\`, as it came, with the headers \`dlq_reason\`, \`dlq_topic\`, \`dlq_partition\`, \`dlq_offset\` and \`dlq_group\`.
* The same as JSON Schema: [packages/contracts/schemas](../packages/contracts/schemas). Examples: [packages/contracts/fixtures](../packages/contracts/fixtures).
`

const TOPICS = [
  { topic: SESSION_EVENTS_TOPIC, key: 'the session id' },
  {
    topic: LOGIN_EVENTS_TOPIC,
    key: '`username_hash`, the keyed hash of the user name; of a refusal the session id, or the network where no session is known',
  },
  {
    topic: SECURITY_EVENTS_TOPIC,
    key: 'what the pattern was found on: a session id, a user id, a `username_hash` or a network',
  },
]

/** `docs/events.md`: every topic and event type with its fields. */
export function renderEvents(): string {
  return [INTRODUCTION, ...TOPICS.map(renderTopic)].join('\n')
}

function renderTopic({ topic, key }: (typeof TOPICS)[number]): string {
  const types = EVENT_TYPES.filter((type) => toTopic(type) === topic)
  return [`## Topic \`${topic}\`\n\nKey: ${key}.\n`, ...types.map(renderType)].join('\n')
}

function renderType(type: EventType): string {
  const schema = toJsonSchema(type)
  const rows = toFields(schema).map(
    ({ name, property, required }) =>
      `| \`${name}\`${required ? '' : ' (optional)'} | ${toTypeText(property)} | ${property.description ?? ''} |`,
  )
  return `### \`${type}\`\n\n${EVENT_MEANINGS[type]}\n\n| field | type | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

type Field = { name: string; property: JsonSchema; required: boolean }

/** Objects inside are told field by field, as `rotated.at`. */
function toFields({ properties = {}, required = [] }: JsonSchema, prefix = ''): Field[] {
  return Object.entries(properties).flatMap(([name, property]) =>
    property.type === 'object'
      ? toFields(property, `${prefix}${name}.`)
      : [{ name: `${prefix}${name}`, property, required: required.includes(name) }],
  )
}

function toTypeText({
  type,
  format,
  enum: names,
  anyOf,
  const: only,
  minimum,
  maxLength,
}: JsonSchema): string {
  if (only !== undefined) return `\`${only}\``
  if (names !== undefined) return names.map((name) => `\`${name}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map(toTypeText).join(', ')
  const limits = [
    minimum === undefined ? '' : `at least ${minimum}`,
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
  ].filter((limit) => limit !== '')
  return [format ?? type, ...limits].join(', ')
}
