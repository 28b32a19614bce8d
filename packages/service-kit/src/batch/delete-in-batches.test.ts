import { expect, test } from 'vitest'
import { createDeleteInBatches } from './delete-in-batches.ts'

const never = new AbortController().signal

/** A table with `rows`; deleting a batch takes `batchMs`. */
function createRun({
  rows,
  batchMs = 5,
  budgetMs = 1000,
}: {
  rows: number
  batchMs?: number
  budgetMs?: number
}) {
  const state = { rows, nowMs: 0, batches: [] as number[], pausedMs: [] as number[] }
  const clock = { nowMs: () => state.nowMs }
  async function pause(durationMs: number) {
    state.pausedMs.push(durationMs)
    state.nowMs += durationMs
  }
  const deleteBatch = async (limit: number) => {
    const deleted = Math.min(limit, state.rows)
    state.rows -= deleted
    state.nowMs += batchMs
    state.batches.push(deleted)
    return deleted
  }
  return {
    state,
    deleteBatch,
    deleteInBatches: createDeleteInBatches({ clock, pause, batchSize: 500, budgetMs }),
  }
}

test('it continues until a batch is not full', async () => {
  const { state, deleteBatch, deleteInBatches } = createRun({ rows: 1200 })
  expect(await deleteInBatches(deleteBatch, never)).toEqual({ finished: true })
  expect(state.batches).toEqual([500, 500, 200])
})

test('it pauses as long as the last batch took', async () => {
  const { state, deleteBatch, deleteInBatches } = createRun({ rows: 1200, batchMs: 7 })
  await deleteInBatches(deleteBatch, never)
  expect(state.pausedMs).toEqual([7, 7])
})

test('it stops when the budget is spent', async () => {
  const { state, deleteBatch, deleteInBatches } = createRun({
    rows: 1_000_000,
    batchMs: 50,
    budgetMs: 400,
  })
  expect(await deleteInBatches(deleteBatch, never)).toEqual({ finished: false })
  expect(state.nowMs).toBeLessThanOrEqual(450)
  expect(state.rows).toBeGreaterThan(0)
})

test('an abort stops it after the current batch', async () => {
  const { state, deleteBatch, deleteInBatches } = createRun({ rows: 5000 })
  const stopping = new AbortController()
  const run = deleteInBatches(async (limit) => {
    if (state.batches.length === 1) stopping.abort()
    return deleteBatch(limit)
  }, stopping.signal)
  expect(await run).toEqual({ finished: false })
  expect(state.batches).toEqual([500, 500])
})
