import { noTracing, type Tracing } from '@auto-refresh/contracts'
import { collectDefaultMetrics } from 'prom-client'
import { createRegistry, writeMetrics } from './exemplars.ts'
import { createInstruments } from './instruments.ts'

type Pool = { totalCount: number; idleCount: number; waitingCount: number }

/**
 * The metrics of one process on one registry: those of `service`, or of all where it is the name of
 * none, as in standalone. Counters and histograms stand at 0 for every combination of labels from
 * the start, so that a first increase is seen.
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
    /**
     * Runs before every scrape: for gauges such as an age, which nobody would set if its owner
     * stood still.
     */
    onScrape(update: () => void): () => void {
      beforeScrape.add(update)
      return () => void beforeScrape.delete(update)
    },
    /**
     * Counts a database pool in `auth_db_pool_connections`, added to those of the other services
     * here.
     */
    watchPool(pool: Pool): () => void {
      pools.add(pool)
      return () => void pools.delete(pool)
    },
    /** What `/metrics` answers: OpenMetrics, with exemplars, to those who ask for it. */
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
