import { EVENTS, type EventType } from '../events.ts'

/** A JSON Schema, as far as our events use it. */
export type JsonSchema = Readonly<{
  $schema?: string
  $id?: string
  type?: string
  format?: string
  description?: string
  const?: string
  enum?: readonly string[]
  anyOf?: readonly JsonSchema[]
  required?: readonly string[]
  properties?: Readonly<Record<string, JsonSchema>>
  minimum?: number
  maxLength?: number
}>

export const EVENT_TYPES = Object.keys(EVENTS) as EventType[]

/** What is committed under `schemas/`: the data of one event type, for readers in any language. */
export function toJsonSchema(type: EventType): JsonSchema {
  const schema = JSON.parse(JSON.stringify(EVENTS[type])) as JsonSchema
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:auto-refresh:event:${type}`,
    ...schema,
  }
}
