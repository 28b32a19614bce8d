import { expect, test } from 'vitest'
import { createExtendAuditTrail } from './extend-audit-trail.ts'

test.each([
  [{ rotations: 1, records: 90 }, ['rotations 1', 'rotations 1', 'records 1', 'records 1']],
  [{ rotations: 91, records: 3650 }, ['rotations 2', 'rotations 2', 'records 41', 'records 41']],
])(
  'a retention of %o makes about 90 partitions, of a day or more',
  async (retentionDays, wanted) => {
    const calls: string[] = []
    await createExtendAuditTrail({
      retentionDays,
      auditTrail: {
        // Each part needs one partition.
        addPartition: async (part, days) => calls.push(`${part} ${days}`) % 2 === 1,
      },
    })()
    expect(calls).toEqual(wanted)
  },
)
