export interface Breaker {
  /** Resolves to the result; to `undefined` on failure, and without a call while it is open. */
  ask<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Always calls `work`: success closes the breaker, a failure opens it. */
  probe(work: () => Promise<unknown>): Promise<void>
  open(error: unknown): void
  isClosed(): boolean
}

/**
 * A circuit breaker: after a failure calls return at once until a probe succeeds. It does not pass
 * calls before the first successful probe.
 */
export function createBreaker({
  onOpen,
  onClose,
}: {
  onOpen: (error: unknown) => void
  onClose: () => void
}): Breaker {
  let state: 'new' | 'closed' | 'open' = 'new'

  function open(error: unknown) {
    if (state === 'open') return
    state = 'open'
    onOpen(error)
  }

  return {
    open,
    isClosed: () => state === 'closed',
    async ask(work) {
      if (state !== 'closed') return undefined
      try {
        return await work()
      } catch (error) {
        open(error)
        return undefined
      }
    },
    async probe(work) {
      try {
        await work()
      } catch (error) {
        open(error)
        return
      }
      if (state === 'closed') return
      state = 'closed'
      onClose()
    },
  }
}
