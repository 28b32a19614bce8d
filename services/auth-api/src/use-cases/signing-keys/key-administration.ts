import type {
  GenerateSigningKey,
  KeyVault,
  SigningKeyChange,
  SigningKeyStore,
} from '../../ports/signing-keys.ts'

export type SigningKeySummary =
  /** `previous`: no longer signs, but its tokens may still be valid */
  | Readonly<{ kid: string; state: 'next' | 'active' | 'previous'; createdAtMs: number }>
  | Readonly<{ kid: string; state: 'retired'; retiredAtMs: number }>
type KeyRetirement =
  | Readonly<{ outcome: 'retired'; activeKid: string }>
  | Readonly<{ outcome: 'already_retired'; retiredAtMs: number }>
  | Readonly<{ outcome: 'not_found' }>
export type KeyAdministration = Readonly<{
  /** Lists the keys, oldest first, then the retired ones. */
  list(): Promise<SigningKeySummary[]>
  /**
   * Retires a leaked key: all its tokens are refused, and another key becomes active. A repeated
   * call changes nothing. Throws `CodedError('unavailable')`, or a `ConfigError` when the
   * encryption keys do not open the remaining signing keys.
   */
  retire(kid: string): Promise<KeyRetirement>
}>
type KeyAdministrationDeps = Readonly<{
  store: SigningKeyStore
  generate: GenerateSigningKey
  vault: KeyVault
}>

/** Operations on signing keys for operators. */
export function createKeyAdministration(deps: KeyAdministrationDeps): KeyAdministration {
  const { store, generate, vault } = deps
  return {
    async list() {
      const [keys, retired] = [await store.read(), await store.readRetired()]
      return [
        ...keys.map(({ kid, state, createdAtMs }) => {
          return { kid, state: state === 'retired' ? ('previous' as const) : state, createdAtMs }
        }),
        ...retired.map((key) => ({ ...key, state: 'retired' as const })),
      ]
    },
    async retire(kid) {
      let found = false
      const keys = await store.change(async (locked): Promise<SigningKeyChange[]> => {
        const key = locked.find((one) => one.kid === kid)
        found = key !== undefined
        if (key === undefined) return []
        // With a wrong encryption key, the new signing key could not be opened by the services.
        for (const { kid: name, sealed } of locked)
          if (sealed !== undefined) vault.open(name, sealed)
        const deny = { action: 'deny', kid } as const
        if (key.state !== 'active') return [deny]
        // The next key is published already, so back ends know it.
        const next = locked.find(({ state }) => state === 'next')
        if (next !== undefined) return [deny, { action: 'activate', kid: next.kid }]
        const { pkcs8, ...created } = await generate()
        const sealed = vault.seal(created.kid, pkcs8)
        return [deny, { action: 'create', state: 'active', ...created, sealed }]
      })
      const activeKid = keys.find(({ state }) => state === 'active')?.kid
      if (found && activeKid !== undefined) return { outcome: 'retired', activeKid }
      const before = (await store.readRetired()).find((one) => one.kid === kid)
      if (before === undefined) return { outcome: 'not_found' }
      return { outcome: 'already_retired', retiredAtMs: before.retiredAtMs }
    },
  }
}
