import { expect, test } from 'vitest'
import { findBreakingChanges } from './find-breaking-changes.ts'
import type { JsonSchema } from './to-json-schema.ts'

const published = {
  type: 'object',
  required: ['id', 'reason', 'side'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    reason: { enum: ['idle', 'absolute'] },
    side: { type: 'object', required: ['at'], properties: { at: { type: 'integer', minimum: 0 } } },
    note: { type: 'string' },
  },
} as const satisfies JsonSchema
const { id, reason, side, note } = published.properties
const withProperties = (properties: Record<string, JsonSchema>): JsonSchema => ({
  ...published,
  properties,
})

test.each<[string, JsonSchema]>([
  ['nothing', published],
  ['a new optional field', withProperties({ id, reason, side, note, more: { type: 'string' } })],
  ['a description', withProperties({ id: { ...id, description: 'the id' }, reason, side, note })],
  [
    'the order of things',
    {
      ...withProperties({ note, side, id, reason: { enum: ['absolute', 'idle'] } }),
      required: ['side', 'id', 'reason'],
    },
  ],
])('%s may change', (_name, after) => {
  expect(findBreakingChanges(published, after)).toEqual([])
})

test.each<[string, JsonSchema, string]>([
  ['a removed field', withProperties({ id, reason, side }), 'note: removed'],
  [
    'a field that becomes required',
    { ...published, required: [...published.required, 'note'] },
    'the event: required fields change',
  ],
  [
    'a field that becomes optional',
    { ...published, required: ['id', 'side'] },
    'the event: required fields change',
  ],
  [
    'another type',
    withProperties({ id, reason, side, note: { type: 'integer' } }),
    'note: type changes',
  ],
  [
    'another format',
    withProperties({ id: { type: 'string' }, reason, side, note }),
    'id: format changes',
  ],
  [
    'a removed value',
    withProperties({ id, reason: { enum: ['idle'] }, side, note }),
    'reason: allowed values change',
  ],
  [
    'a new value',
    withProperties({ id, reason: { enum: ['idle', 'absolute', 'other'] }, side, note }),
    'reason: allowed values change',
  ],
  [
    'a limit of a nested field',
    withProperties({
      id,
      reason,
      note,
      side: { ...side, properties: { at: { type: 'integer', minimum: 1 } } },
    }),
    'side.at: minimum changes',
  ],
])('%s is reported', (_name, after, breach) => {
  expect(findBreakingChanges(published, after)).toEqual([breach])
})
