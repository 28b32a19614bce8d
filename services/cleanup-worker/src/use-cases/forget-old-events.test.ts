import { expect, test } from 'vitest'
import { createForgetOldEvents } from './forget-old-events.ts'

const never = new AbortController().signal

test('each part is dropped by its own retention, then its clients and the rest are deleted', async () => {
  const calls: string[] = []
  const expired = { rotations: 2, records: 1 }
  const forgetOldEvents = createForgetOldEvents({
    retentionDays: { rotations: 30, records: 90 },
    deleteInBatches: async (deleteBatch) => ({ finished: (await deleteBatch(500)) === 0 }),
    auditTrail: {
      async dropPartition(part, { days }) {
        calls.push(`${part} ${days}`)
        expired[part] -= 1
        return expired[part] >= 0
      },
      async deleteClients(limit) {
        calls.push(`clients ${limit}`)
        return 0
      },
      async deleteOlderThan({ days }) {
        calls.push(`rest ${days}`)
        return 0
      },
    },
  })
  await forgetOldEvents(never)
  expect(calls).toEqual([
    'rotations 30',
    'rotations 30',
    'rotations 30',
    'records 90',
    'records 90',
    'clients 500',
    'rest 90',
  ])
})

test('a partition that somebody reads does not prevent the other steps; the run reports it', async () => {
  const calls: string[] = []
  const forgetOldEvents = createForgetOldEvents({
    retentionDays: { rotations: 30, records: 90 },
    deleteInBatches: async (deleteBatch) => ({ finished: (await deleteBatch(500)) === 0 }),
    auditTrail: {
      async dropPartition(part) {
        calls.push(part)
        throw new Error(`${part} is locked`)
      },
      async deleteClients(limit) {
        calls.push(`clients ${limit}`)
        return 0
      },
      async deleteOlderThan() {
        calls.push('rest')
        return 0
      },
    },
  })
  await expect(forgetOldEvents(never)).rejects.toThrow('rotations is locked')
  expect(calls).toEqual(['rotations', 'records', 'clients 500', 'rest'])
})
