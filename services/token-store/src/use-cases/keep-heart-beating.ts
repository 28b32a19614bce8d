import type { Heartbeats } from '../ports.ts'

const BEAT_MS = 1_000

/** Says every second that we are up. The first beat is written when we are ready, so booting is downtime too. */
export function createHeart(deps: { heartbeats: Heartbeats; onDowntime(seconds: number): void; onError(error: unknown): void }) {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> = Promise.resolve()

  async function beat() {
    const downSeconds = await deps.heartbeats.beat()
    if (downSeconds > 0) deps.onDowntime(downSeconds)
  }

  function next() {
    timer = setTimeout(() => {
      beating = beat().catch(deps.onError).finally(() => timer && next())
    }, BEAT_MS)
  }

  return {
    async start() {
      await beat()
      next()
    },
    async stop() {
      clearTimeout(timer)
      timer = undefined
      await beating
    },
  }
}
