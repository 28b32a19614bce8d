import { noTracing, type Tracing } from '@auto-refresh/contracts'
import { collectDefaultMetrics } from 'prom-client'
import { createRegistry, writeMetrics } from './exemplars.ts'
import { createInstruments } from './instruments.ts'

type Pool = { totalCount: number; idleCount: number; waitingCount: number }

/**
 * Creates the metrics of one process: those of `service`, or all if it is no service's name, as for
 * standalone. Every combination of labels is 0 from the start, so that a first increase is visible.
 */
export function createMetrics({
  service,
  version,
  tracing = noTracing,
}: {
  service: string
  version: string
  tracing?: Pick<Tracing, 'current'>
}) {
  const registry = createRegistry()
  collectDefaultMetrics({ register: registry })
  const instruments = createInstruments({ registry, service, tracing })
  instruments.buildInfo.set({ service, version }, 1)

  const beforeScrape = new Set<() => void>()
  const pools = new Set<Pool>()
  const total = (count: (pool: Pool) => number) =>
    [...pools].reduce((sum, pool) => sum + count(pool), 0)
  beforeScrape.add(() => {
    instruments.dbPoolConnections.set(
      { state: 'idle' },
      total((pool) => pool.idleCount),
    )
    instruments.dbPoolConnections.set(
      { state: 'busy' },
      total((pool) => pool.totalCount - pool.idleCount),
    )
    instruments.dbPoolConnections.set(
      { state: 'waiting' },
      total((pool) => pool.waitingCount),
    )
  })

  return {
    ...instruments,
    /** Runs `update` before every scrape: for gauges such as an age, which must also grow in a stall. */
    onScrape(update: () => void): () => void {
      beforeScrape.add(update)
      return () => void beforeScrape.delete(update)
    },
    /** Adds a database pool to `auth_db_pool_connections`. Returns a function that removes it. */
    watchPool(pool: Pool): () => void {
      pools.add(pool)
      return () => void pools.delete(pool)
    },
    /** The response of `/metrics`, in OpenMetrics with exemplars if `accept` contains it. */
    async scrape({ accept = '' }: { accept?: string | undefined } = {}): Promise<{
      contentType: string
      text: string
    }> {
      for (const update of beforeScrape) update()
      return writeMetrics(registry, accept)
    },
  }
}
export type Metrics = ReturnType<typeof createMetrics>
