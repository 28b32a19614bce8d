import { EVENTS, type EventType } from '../events.ts'

/** The subset of JSON Schema that the events use. */
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

/** The JSON Schema of an event type's data, committed under `schemas/`. */
export function toJsonSchema(type: EventType): JsonSchema {
  const schema = JSON.parse(JSON.stringify(EVENTS[type])) as JsonSchema
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:auto-refresh:event:${type}`,
    ...schema,
  }
}
