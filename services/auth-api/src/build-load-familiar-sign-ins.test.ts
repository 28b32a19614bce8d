import { CodedError } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import { createFamiliarSignIns } from './adapters/memory/create-familiar-sign-ins.ts'
import { buildLoadFamiliarSignIns } from './build-load-familiar-sign-ins.ts'
import type { LoginAudit } from './ports/login-records.ts'
import { aLog } from './testing/fakes.ts'

test('the latest sign-ins are read in pages; a failure keeps those read and does not stop the start', async () => {
  const signInsBefore = vi.fn<LoginAudit['signInsBefore']>()
  signInsBefore.mockResolvedValueOnce({
    signIns: [{ usernameHash: 'ada', address: '203.0.113.7' }],
    next: '9',
  })
  signInsBefore.mockResolvedValueOnce({
    signIns: [{ usernameHash: 'bob', address: '2001:db8::1' }],
    next: '4',
  })
  signInsBefore.mockRejectedValueOnce(new CodedError('unavailable'))
  const familiar = createFamiliarSignIns()
  await buildLoadFamiliarSignIns({
    audit: { signInsBefore },
    familiar,
    elapsedMs: () => 0,
    log: aLog(),
  })()
  expect(signInsBefore.mock.calls).toEqual([[undefined], ['9'], ['4']])
  expect(familiar.has({ usernameHash: 'ada', block: '203.0.113.7/32' })).toBe(true)
  expect(familiar.hasBlock('2001:db8:0:0::/64')).toBe(true)
  expect(familiar.hasBlock('198.51.100.1/32')).toBe(false)
})
