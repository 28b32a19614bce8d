import {
  LOGIN_EVENTS_TOPIC,
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
  toTopic,
} from '../events.ts'
import { EVENT_MEANINGS } from './event-meanings.ts'
import { EVENT_TYPES, toJsonSchema, type JsonSchema } from './to-json-schema.ts'

const INTRODUCTION = `# Events

Generated from \`packages/contracts\` by \`npm run docs\`; do not edit.

Every event is a [CloudEvent](https://cloudevents.io) 1.0 in binary mode: the attributes are Kafka headers, \
the value is JSON.

| header | content |
| --- | --- |
| \`ce_specversion\` | \`1.0\` |
| \`ce_id\` | a UUID, the same for every delivery of an event |
| \`ce_type\` | one of the types below |
| \`ce_source\` | the service that published it |
| \`ce_time\` | when it happened, UTC |
| \`ce_subject\` | the session, user or network concerned |
| \`ce_traceparent\`, \`traceparent\` | the trace of the request (W3C Trace Context), if it was traced |
| \`content-type\` | \`application/json\` |

* Delivery is at least once. Drop duplicates by \`ce_id\`, \
or drop events whose \`session_seq\` is not above the highest of their session.
* The events of a session arrive in the order of \`session_seq\`; first deliveries have no gap.
* A type only gains optional fields, so ignore unknown fields. Any other change is a new type.
* Events contain no token, no password and no full address: \`network\` is the /24 or /48.
* Messages that cannot be decoded go unchanged to \`<topic>.dlq\`, with the headers \`dlq_reason\`, \
\`dlq_topic\`, \`dlq_partition\`, \`dlq_offset\` and \`dlq_group\`.
* Times are RFC 3339, durations are seconds. Fields are required unless marked optional.
* [JSON Schemas](../packages/contracts/schemas) and [examples](../packages/contracts/fixtures).
`

const TOPICS = [
  { topic: SESSION_EVENTS_TOPIC, key: 'the session id' },
  {
    topic: LOGIN_EVENTS_TOPIC,
    key:
      '`username_hash`, the keyed hash of the user name. For `refresh.refused.v1`: ' +
      'the session id, or the network if no session is known',
  },
  {
    topic: SECURITY_EVENTS_TOPIC,
    key: 'the subject of the pattern: a session id, a user id, a `username_hash` or a network',
  },
]

/** Renders `docs/events.md`: every topic and event type with its fields. */
export function renderEvents(): string {
  return [INTRODUCTION, ...TOPICS.map(renderTopic)].join('\n')
}

function renderTopic({ topic, key }: (typeof TOPICS)[number]): string {
  const types = EVENT_TYPES.filter((type) => toTopic(type) === topic)
  const fieldsOf = new Map(types.map((type) => [type, toFields(toJsonSchema(type))]))
  const [first = [], ...others] = fieldsOf.values()
  const shared = first.filter((field) =>
    others.every((fields) => fields.some((other) => renderRow(other) === renderRow(field))),
  )
  const isShared = ({ name }: Field) => shared.some((field) => field.name === name)
  const sections = types.map((type) => {
    const own = (fieldsOf.get(type) ?? []).filter((field) => types.length === 1 || !isShared(field))
    return `### \`${type}\`\n\n${EVENT_MEANINGS[type]}\n\n${renderTable(own)}`
  })
  const head = `## Topic \`${topic}\`\n\nKey: ${key}.\n`
  return types.length === 1
    ? [head, ...sections].join('\n')
    : [
        head,
        `Every event of this topic has these fields:\n\n${renderTable(shared)}`,
        ...sections,
      ].join('\n')
}

/** Renders a table of fields, without the column "meaning" if no field has one. */
function renderTable(fields: readonly Field[]): string {
  const hasMeanings = fields.some(({ property }) => property.description !== undefined)
  const head = hasMeanings
    ? '| field | type | meaning |\n| --- | --- | --- |'
    : '| field | type |\n| --- | --- |'
  return `${[head, ...fields.map((field) => renderRow(field, hasMeanings))].join('\n')}\n`
}

function renderRow({ name, property, required }: Field, hasMeaning = true): string {
  const cells = [
    `\`${name}\`${required ? '' : ' (optional)'}`,
    toTypeText(property),
    ...(hasMeaning ? [property.description ?? ''] : []),
  ]
  return `| ${cells.join(' | ')} |`
}

type Field = { name: string; property: JsonSchema; required: boolean }

function toFields({ properties = {}, required = [] }: JsonSchema): Field[] {
  return Object.entries(properties).map(([name, property]) => ({
    name,
    property,
    required: required.includes(name),
  }))
}

function toTypeText({
  type,
  format,
  enum: names,
  anyOf,
  const: only,
  minimum,
  maxLength,
  properties,
}: JsonSchema): string {
  if (properties !== undefined) return renderObject(properties)
  if (only !== undefined) return `\`${only}\``
  if (names !== undefined) return names.map((name) => `\`${name}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map(toTypeText).join(', ')
  const limits = [
    minimum === undefined ? '' : `at least ${minimum}`,
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
  ].filter((limit) => limit !== '')
  return [format ?? type, ...limits].join(', ')
}

/** Renders a nested object in one cell: each field with its type. */
function renderObject(properties: Readonly<Record<string, JsonSchema>>): string {
  return Object.entries(properties)
    .map(([name, property]) => `\`${name}\` ${toTypeText(property)}`)
    .join(', ')
}
