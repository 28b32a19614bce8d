import { expect, test } from 'vitest'
import type { SigningKeyStore } from '../../ports/signing-keys.ts'
import { createKeyAdministration } from './key-administration.ts'

test('a key that was retired before is named with its time, is listed, and is not unknown', async () => {
  const store: SigningKeyStore = {
    read: async () => [],
    readRetired: async () => [{ kid: 'leaked', retiredAtMs: 5 }],
    change: async () => [],
  }
  const unused = () => {
    throw new Error('not expected')
  }
  const keys = createKeyAdministration({ store, generate: unused, vault: { seal: unused } })
  expect(await keys.retire('leaked')).toEqual({ outcome: 'already_retired', retiredAtMs: 5 })
  expect(await keys.retire('other')).toEqual({ outcome: 'not_found' })
  expect(await keys.list()).toEqual([{ kid: 'leaked', state: 'retired', retiredAtMs: 5 }])
})
