import { expect, test } from 'vitest'
import { aLog } from '../../testing/fakes.ts'
import { createRetiredKeys } from './create-retired-keys.ts'

test('a slow read that began before a retirement does not undo it', async () => {
  const readings: ((kids: string[]) => void)[] = []
  const keys = createRetiredKeys({
    read: () => new Promise((resolve) => readings.push(resolve)),
    onChange: async () => {},
    log: aLog(),
  })
  const slow = keys.refresh()
  const quick = keys.refresh()
  readings[1]?.(['leaked'])
  await quick
  readings[0]?.([])
  await slow
  expect(keys.isRetired('leaked')).toBe(true)
})
