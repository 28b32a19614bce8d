import { expect, test } from 'vitest'
import { createLagCount } from './create-lag-count.ts'

test('the lag of a topic is the sum of the partitions of this member, without those of other members', () => {
  const reported: [string, number][] = []
  const lag = createLagCount((topic, events) => reported.push([topic, events]))
  lag.set({ topic: 'a', partition: 0 }, 5)
  lag.set({ topic: 'a', partition: 1 }, 2)
  lag.set({ topic: 'b', partition: 0 }, 1)
  lag.set({ topic: 'a', partition: 0 }, 0)
  lag.reset()
  lag.set({ topic: 'a', partition: 1 }, 3)
  expect(reported).toEqual([
    ['a', 5],
    ['a', 7],
    ['b', 1],
    ['a', 2],
    ['a', 0],
    ['b', 0],
    ['a', 3],
  ])
})
