import { expect, test } from 'vitest'
import { parseCleanupWorkerConfig } from './config.ts'

test('with only a database it cleans up every minute and keeps the audit trail for 90 days', () => {
  expect(parseCleanupWorkerConfig({ DATABASE_URL: 'postgres://localhost/db' })).toEqual({
    databaseUrl: 'postgres://localhost/db',
    databasePoolSize: 3,
    intervalMs: 60_000,
    batchSize: 500,
    sweepBatchSize: 2000,
    budgetMs: 20_000,
    auditRetentionDays: { rotations: 90, records: 90 },
  })
})

test('all faults are reported at once', () => {
  expect(() =>
    parseCleanupWorkerConfig({ CLEANUP_INTERVAL_SECONDS: '0.5', AUDIT_RETENTION_DAYS: '1e3' }),
  ).toThrow(
    /^3 settings are wrong:\n {2}DATABASE_URL is missing.*\n {2}CLEANUP_INTERVAL_SECONDS is out of range.*\n {2}AUDIT_RETENTION_DAYS is not a strict/,
  )
})

const parseRetention = (AUDIT_RETENTION_DAYS: string) =>
  parseCleanupWorkerConfig({ DATABASE_URL: 'postgres://localhost/db', AUDIT_RETENTION_DAYS })
    .auditRetentionDays

test('rotations are kept as long as other events, or for a shorter time', () => {
  expect(parseRetention('400')).toEqual({ rotations: 400, records: 400 })
  expect(parseRetention('400/400')).toEqual({ rotations: 400, records: 400 })
  expect(parseRetention('90/14.5')).toEqual({ rotations: 14.5, records: 90 })
})

test.each([
  ['90/91', 'has a second number above the first'],
  ['90/0.5', 'is out of range'],
  ['3651/90', 'is out of range'],
  ['90/', 'is not a strict decimal number'],
  ['90/30/10', 'is not a strict decimal number'],
])('a retention of %s %s', (value, fault) => {
  expect(() => parseRetention(value)).toThrow(
    `AUDIT_RETENTION_DAYS ${fault}; expected a decimal number from 1 to 3650, or two such as 90/30`,
  )
})
