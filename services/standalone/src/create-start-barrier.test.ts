import { expect, test } from 'vitest'
import { createStartBarrier } from './create-start-barrier.ts'

function createRecordedBarrier() {
  const published: string[] = []
  const barrier = createStartBarrier({
    async publish(topic) {
      published.push(topic)
    },
  })
  return { barrier, published }
}

test('an event waits until every consumer is subscribed', async () => {
  const { barrier, published } = createRecordedBarrier()
  const early = barrier.publish('a', [])
  await Promise.resolve()
  expect(published).toEqual([])
  barrier.open()
  await early
  await barrier.publish('b', [])
  expect(published).toEqual(['a', 'b'])
})

test('events are rejected once consumers stop, so they stay in the outbox', async () => {
  const { barrier, published } = createRecordedBarrier()
  barrier.open()
  barrier.close()
  await expect(barrier.publish('a', [])).rejects.toThrow('until the next start')
  expect(published).toEqual([])
})

test('a stop during the start rejects waiting events', async () => {
  const { barrier } = createRecordedBarrier()
  const early = barrier.publish('a', [])
  barrier.close()
  await expect(early).rejects.toThrow('stopped')
})
