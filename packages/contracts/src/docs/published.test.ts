import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { EVENTS, type EventType } from '../events.ts'
import { renderEvents } from './render-events.ts'
import { EVENT_TYPES, toJsonSchema } from './to-json-schema.ts'

const root = join(import.meta.dirname, '../..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const readFixture = (type: EventType) =>
  JSON.parse(read('fixtures', `${type}.json`)) as { type: string; data: Record<string, unknown> }

test('exactly the event types have a schema and an example', () => {
  const expected = EVENT_TYPES.map((type) => `${type}.json`).toSorted()
  expect([
    readdirSync(join(root, 'schemas')).toSorted(),
    readdirSync(join(root, 'fixtures')).toSorted(),
  ]).toEqual([expected, expected])
})

test('docs/events.md is up to date (npm run docs)', () => {
  expect(read('../../docs/events.md')).toBe(renderEvents())
})

describe.each(EVENT_TYPES)('%s', (type) => {
  test('its committed schema is up to date (npm run docs)', () => {
    expect(JSON.parse(read('schemas', `${type}.json`))).toEqual(toJsonSchema(type))
  })

  test('its example, which never changes, is valid and has every field', () => {
    const { type: name, data } = readFixture(type)
    expect(name).toBe(type)
    expect([...Value.Errors(EVENTS[type], data)]).toEqual([])
    expect(Object.keys(data).toSorted()).toEqual(Object.keys(EVENTS[type].properties).toSorted())
  })

  test('is invalid without any one of its required fields', () => {
    const { data } = readFixture(type)
    const dispensable = (toJsonSchema(type).required ?? []).filter((name) => {
      const { [name]: _, ...rest } = data
      return Value.Check(EVENTS[type], rest)
    })
    expect(dispensable).toEqual([])
  })
})
