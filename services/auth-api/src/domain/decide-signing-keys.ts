export type SigningKeyState = 'next' | 'active' | 'retired'
export type SigningKeyTimes = Readonly<{
  kid: string
  state: SigningKeyState
  createdAtMs: number
  activatedAtMs: number | undefined
  expiresAtMs: number | undefined
}>

export type SigningKeyPolicy = Readonly<{
  rotationMs: number
  /** how long a key is published before its first use: longer than clients cache the JWKS */
  publishMs: number
  /** how long a retired key is kept: longer than the lifetime of its last token */
  retainMs: number
}>

export type SigningKeyAction =
  | { action: 'create'; state: 'next' | 'active' }
  | { action: 'activate'; kid: string }
  | { action: 'retire'; kid: string; expiresAtMs: number }
  | { action: 'delete'; kid: string }

/**
 * Returns what to do with the keys now, in order. A key is published before its first use and kept
 * until its last token has expired. Only the very first key is used at once: no client can have
 * cached an older set.
 */
export function decideSigningKeys(
  keys: readonly SigningKeyTimes[],
  nowMs: number,
  policy: SigningKeyPolicy,
): SigningKeyAction[] {
  const active = keys.find(({ state }) => state === 'active')
  const next = keys.find(({ state }) => state === 'next')
  const expired = keys.filter(
    ({ state, expiresAtMs = Infinity }) => state === 'retired' && expiresAtMs <= nowMs,
  )
  return [
    ...succession(active, next, nowMs, policy),
    ...expired.map(({ kid }) => ({ action: 'delete' as const, kid })),
  ]
}

type Key = SigningKeyTimes | undefined
function succession(
  active: Key,
  next: Key,
  nowMs: number,
  policy: SigningKeyPolicy,
): SigningKeyAction[] {
  if (active === undefined)
    return [
      next === undefined
        ? { action: 'create', state: 'active' }
        : { action: 'activate', kid: next.kid },
    ]
  const rotateAtMs = (active.activatedAtMs ?? active.createdAtMs) + policy.rotationMs
  if (next === undefined)
    return nowMs >= rotateAtMs - policy.publishMs ? [{ action: 'create', state: 'next' }] : []
  if (nowMs < rotateAtMs || nowMs < next.createdAtMs + policy.publishMs) return []
  return [
    { action: 'retire', kid: active.kid, expiresAtMs: nowMs + policy.retainMs },
    { action: 'activate', kid: next.kid },
  ]
}
