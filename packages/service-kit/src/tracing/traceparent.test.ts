import { expect, test } from 'vitest'
import { parseTraceparent, toTraceparent } from './traceparent.ts'

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

test('a traceparent is parsed as it was written', () => {
  expect(parseTraceparent(toTraceparent(ids))).toEqual({ ...ids, sampled: true })
  expect(parseTraceparent(`00-${ids.traceId}-${ids.spanId}-02`)).toEqual({ ...ids, sampled: false })
  expect(parseTraceparent(`42-${ids.traceId}-${ids.spanId}-01-later`)).toEqual({
    ...ids,
    sampled: true,
  })
})

test.each([
  undefined,
  7,
  '',
  'x',
  `00-${'0'.repeat(32)}-${ids.spanId}-01`,
  `00-${ids.traceId}-${'0'.repeat(16)}-01`,
  `ff-${ids.traceId}-${ids.spanId}-01`,
  `00-${ids.traceId.toUpperCase()}-${ids.spanId}-01`,
  `00-${ids.traceId}-${ids.spanId}-1`,
  `00-${ids.traceId}-${ids.spanId}-01more`,
])('%s is none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined()
})
