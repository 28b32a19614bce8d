import { expect, test } from 'vitest'
import { parseCleanupWorkerConfig } from './config.ts'

test('with only a database it cleans up every minute and keeps the audit trail for 90 days', () => {
  expect(parseCleanupWorkerConfig({ DATABASE_URL: 'postgres://localhost/db' })).toEqual({
    databaseUrl: 'postgres://localhost/db',
    databasePoolSize: 3,
    intervalMs: 60_000,
    batchSize: 500,
    budgetMs: 20_000,
    auditRetentionDays: 90,
  })
})

test('all faults are reported at once', () => {
  expect(() =>
    parseCleanupWorkerConfig({ CLEANUP_INTERVAL_SECONDS: '0.5', AUDIT_RETENTION_DAYS: '1e3' }),
  ).toThrow(
    /^3 settings are wrong:\n {2}DATABASE_URL is missing.*\n {2}CLEANUP_INTERVAL_SECONDS is out of range.*\n {2}AUDIT_RETENTION_DAYS is not a strict/,
  )
})
