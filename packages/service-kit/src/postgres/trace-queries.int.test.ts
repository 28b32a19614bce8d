import { AsyncLocalStorage } from 'node:async_hooks'
import { noTracing, type Tracing } from '@auto-refresh/contracts'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { expect, test } from 'vitest'
import { createPool } from './create-pool.ts'

/** A fake that records in which trace each span was created. */
function createFake() {
  const atWork = new AsyncLocalStorage<string>()
  const noted: [string | undefined, string][] = []
  const tracing: Tracing = {
    ...noTracing,
    current: () => atWork.getStore(),
    async span({ name }, work) {
      noted.push([atWork.getStore(), name])
      return work()
    },
  }
  return {
    noted,
    tracing,
    run: <T>(trace: string, work: () => Promise<T>) => atWork.run(trace, work),
  }
}

test('each query is in the trace of its caller, also with a busy pool, and a failing one still throws', async () => {
  const database = await createTestDatabase()
  const { noted, tracing, run } = createFake()
  const pool = createPool({
    url: database.url,
    applicationName: 'test',
    max: 1,
    onError: () => {},
    tracing,
  })
  try {
    const asked = ['a', 'b', 'c'].map((trace) =>
      run(trace, () =>
        pool.query<{ n: string }>({
          name: `of-${trace}`,
          text: 'select $1::text as n',
          values: [trace],
        }),
      ),
    )
    const untraced = pool.query({ name: 'untraced', text: 'select 1' })
    expect((await Promise.all(asked)).map(({ rows }) => rows[0]?.n)).toEqual(['a', 'b', 'c'])
    await untraced
    expect(noted.splice(0)).toEqual([
      ['a', 'of-a'],
      ['b', 'of-b'],
      ['c', 'of-c'],
    ])

    await expect(run('d', () => pool.query('select 1/0'))).rejects.toMatchObject({ code: '22012' })
    await run('e', async () => {
      const client = await pool.connect()
      await expect(
        Promise.all([client.query('BEGIN'), client.query('selec 1')]),
      ).rejects.toMatchObject({ code: '42601' })
      await client.query('rollback')
      client.release()
    })
    expect(noted).toEqual([
      ['d', 'select'],
      ['e', 'begin'],
      ['e', 'selec'],
      ['e', 'rollback'],
    ])
  } finally {
    await pool.end()
    await database.drop()
  }
})
