import { expect, test } from 'vitest'
import { createGate } from './create-gate.ts'

function createRecordedGate() {
  const published: string[] = []
  const gate = createGate({
    async publish(topic) {
      published.push(topic)
    },
  })
  return { gate, published }
}

test('an event waits until every consumer listens', async () => {
  const { gate, published } = createRecordedGate()
  const early = gate.publish('a', [])
  await Promise.resolve()
  expect(published).toEqual([])
  gate.open()
  await early
  await gate.publish('b', [])
  expect(published).toEqual(['a', 'b'])
})

test('once consumers stop no event passes, so that it stays in the outbox', async () => {
  const { gate, published } = createRecordedGate()
  gate.open()
  gate.close()
  await expect(gate.publish('a', [])).rejects.toThrow('wait for the next start')
  expect(published).toEqual([])
})

test('a stop during the start lets nobody wait for ever', async () => {
  const { gate } = createRecordedGate()
  const early = gate.publish('a', [])
  gate.close()
  await expect(early).rejects.toThrow('stopped')
})
