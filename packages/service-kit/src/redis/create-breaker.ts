export interface Breaker {
  /** The answer; `undefined` after a failure, and without asking as long as it is open. */
  ask<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Asks in any case: success closes it, a failure opens it. */
  probe(work: () => Promise<unknown>): Promise<void>
  open(error: unknown): void
  isClosed(): boolean
}

/**
 * Asks nobody who has just failed: one caller waits, the others do not. Open until a first probe
 * has succeeded.
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
