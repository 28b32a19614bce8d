import type { GenerateSigningKey, KeyVault, SigningKeyChange, SigningKeyStore } from '../ports.ts'

export type SigningKeySummary = Readonly<{ kid: string; state: string; createdAtMs: number }>
export type KeyAdministration = Readonly<{
  /** The keys in use and those whose tokens may still live; the leaked ones are not among them. */
  list(): Promise<SigningKeySummary[]>
  /**
   * Throws a leaked key away: its tokens count no longer. Another key is active when it returns; a
   * repeated call changes nothing. Throws `CodedError('unavailable')`.
   */
  retire(kid: string): Promise<{ outcome: 'retired'; activeKid: string } | { outcome: 'not_found' }>
}>
export type KeyAdministrationDeps = Readonly<{
  store: SigningKeyStore
  generate: GenerateSigningKey
  vault: Pick<KeyVault, 'seal'>
}>

/** What operators do with signing keys. */
export function createKeyAdministration(deps: KeyAdministrationDeps): KeyAdministration {
  const { store, generate, vault } = deps
  return {
    async list() {
      const keys = await store.read()
      return keys.map(({ kid, state, createdAtMs }) => ({ kid, state, createdAtMs }))
    },
    async retire(kid) {
      let found = false
      const keys = await store.change(async (locked): Promise<SigningKeyChange[]> => {
        const key = locked.find((one) => one.kid === kid)
        found = key !== undefined
        if (key === undefined) return []
        const deny = { action: 'deny', kid } as const
        if (key.state !== 'active') return [deny]
        // The next key has been published: back ends know it already.
        const next = locked.find(({ state }) => state === 'next')
        if (next !== undefined) return [deny, { action: 'activate', kid: next.kid }]
        const { pkcs8, ...created } = await generate()
        const sealed = vault.seal(created.kid, pkcs8)
        return [deny, { action: 'create', state: 'active', ...created, sealed }]
      })
      const activeKid = keys.find(({ state }) => state === 'active')?.kid
      if (!found || activeKid === undefined) return { outcome: 'not_found' }
      return { outcome: 'retired', activeKid }
    },
  }
}
