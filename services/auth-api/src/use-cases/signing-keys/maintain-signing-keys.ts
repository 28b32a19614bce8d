import {
  decideSigningKeys,
  type SigningKeyAction,
  type SigningKeyPolicy,
} from '../../domain/decide-signing-keys.ts'
import type { Clock } from '../../ports/runtime.ts'
import type {
  GenerateSigningKey,
  KeyVault,
  SigningKeyChange,
  SigningKeyStore,
  StoredSigningKey,
} from '../../ports/signing-keys.ts'
import type { Log } from '../../ports/telemetry.ts'

export type MaintainSigningKeys = () => Promise<StoredSigningKey[]>
type MaintainSigningKeysDeps = Readonly<{
  store: SigningKeyStore
  generate: GenerateSigningKey
  vault: KeyVault
  policy: SigningKeyPolicy
  /** while the clock is doubtful no key is deleted: its tokens may still be valid */
  clock: Clock & { isDoubtful?(): boolean }
  log: Log
}>

/**
 * Creates, activates, retires and deletes signing keys as the policy demands, and returns the keys.
 * Replicas may race, so it decides again under a lock. Throws `CodedError('unavailable')`.
 */
export function createMaintainSigningKeys({
  store,
  generate,
  vault,
  policy,
  clock,
  log,
}: MaintainSigningKeysDeps): MaintainSigningKeys {
  return async () => {
    const keys = await store.read()
    if (decide(keys, clock.nowMs()).length === 0) return keys
    let actions: SigningKeyAction[] = []
    const changed = await store.change((locked, nowMs) => {
      actions = decide(locked, nowMs)
      return Promise.all(actions.map(toChange))
    })
    for (const action of actions)
      log.info({ event: 'signing_key', ...action }, `Signing key: ${action.action}`)
    return changed
  }

  function decide(keys: readonly StoredSigningKey[], nowMs: number): SigningKeyAction[] {
    const actions = decideSigningKeys(keys, nowMs, policy)
    return clock.isDoubtful?.() === true
      ? actions.filter(({ action }) => action !== 'delete')
      : actions
  }

  async function toChange(action: SigningKeyAction): Promise<SigningKeyChange> {
    if (action.action !== 'create') return action
    const { kid, publicJwk, pkcs8 } = await generate()
    return { ...action, kid, publicJwk, sealed: vault.seal(kid, pkcs8) }
  }
}
