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
  ['a field that goes', withProperties({ id, reason, side }), 'note: it is gone'],
  [
    'a field that becomes required',
    { ...published, required: [...published.required, 'note'] },
    'the event: what is required changes',
  ],
  [
    'a field that need not be there any more',
    { ...published, required: ['id', 'side'] },
    'the event: what is required changes',
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
    'a choice that goes',
    withProperties({ id, reason: { enum: ['idle'] }, side, note }),
    'reason: the choices change',
  ],
  [
    'a choice that comes',
    withProperties({ id, reason: { enum: ['idle', 'absolute', 'other'] }, side, note }),
    'reason: the choices change',
  ],
  [
    'a limit deep inside',
    withProperties({
      id,
      reason,
      note,
      side: { ...side, properties: { at: { type: 'integer', minimum: 1 } } },
    }),
    'side.at: minimum changes',
  ],
])('%s is found', (_name, after, breach) => {
  expect(findBreakingChanges(published, after)).toEqual([breach])
})
