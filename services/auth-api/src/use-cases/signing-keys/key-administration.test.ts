import { expect, test } from 'vitest'
import type { SigningKeyStore } from '../../ports/signing-keys.ts'
import { createKeyAdministration } from './key-administration.ts'

test('a retired key is listed with its time, and retiring it again reports that', async () => {
  const store: SigningKeyStore = {
    read: async () => [],
    readRetired: async () => [{ kid: 'leaked', retiredAtMs: 5 }],
    change: async () => [],
  }
  const unused = () => {
    throw new Error('not expected')
  }
  const keys = createKeyAdministration({
    store,
    generate: unused,
    vault: { seal: unused, open: unused },
  })
  expect(await keys.retire('leaked')).toEqual({ outcome: 'already_retired', retiredAtMs: 5 })
  expect(await keys.retire('other')).toEqual({ outcome: 'not_found' })
  expect(await keys.list()).toEqual([{ kid: 'leaked', state: 'retired', retiredAtMs: 5 }])
})

test('with a wrong encryption key retiring fails and changes nothing', async () => {
  const changes: unknown[] = []
  const active = {
    kid: 'leaked',
    state: 'active' as const,
    createdAtMs: 1,
    activatedAtMs: 1,
    expiresAtMs: undefined,
    publicJwk: {},
    sealed: { encryptionKid: '1', box: Buffer.from('of another key') },
  }
  const store: SigningKeyStore = {
    read: async () => [active],
    readRetired: async () => [],
    async change(decide) {
      changes.push(...(await decide([active], 5)))
      return [active]
    },
  }
  const vault = {
    seal: () => ({ encryptionKid: '1', box: Buffer.alloc(1) }),
    open: () => {
      throw new Error('key of kid 1 does not open it')
    },
  }
  const generate = async () => ({ kid: 'new', publicJwk: {}, pkcs8: Buffer.alloc(1) })
  const keys = createKeyAdministration({ store, generate, vault })
  await expect(keys.retire('leaked')).rejects.toThrow('does not open')
  expect(changes).toEqual([])
})
