import { afterEach, beforeEach, vi } from 'vitest'
import { TokenManager, memoryStorage, type AuthEvents, type TokenManagerOptions } from '../index.ts'
import { fakeAuthServer } from './fake-auth-server.ts'

const managers: TokenManager[] = []

/**
 * Uses fake timers and a fake clock in each test of the file, and disposes of what the test has set
 * up.
 */
export function withFakeClock(): void {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(async () => {
    for (const manager of managers.splice(0)) manager.dispose()
    // Locks belong to the process: release those that are held a moment longer.
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(100)
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })
}

export function setUp({
  server = fakeAuthServer(),
  ...options
}: TokenManagerOptions & { server?: ReturnType<typeof fakeAuthServer> } = {}) {
  const manager = new TokenManager({ storage: memoryStorage(), fetch: server.fetch, ...options })
  managers.push(manager)
  const seen: Array<[string, unknown]> = []
  for (const event of ['refreshed', 'session-ended', 'error'] as const)
    manager.on(event, (payload: AuthEvents[typeof event]) => seen.push([event, payload]))
  const ends = () =>
    seen.flatMap(([event, payload]) =>
      event === 'session-ended' ? [(payload as AuthEvents['session-ended']).reason] : [],
    )
  return { server, manager, seen, ends, events: () => seen.map(([event]) => event) }
}

/** `setUp` with a signed-in user. */
export async function signedIn(options: Parameters<typeof setUp>[0] = {}) {
  const client = setUp(options)
  await settle(client.manager.login('admin', 'password'))
  client.server.calls.length = 0
  return client
}

/** Runs the fake clock until the promise is settled. */
export async function settle<T>(work: Promise<T>): Promise<T> {
  const state = { done: false }
  const watched = work.finally(() => (state.done = true))
  watched.catch(() => {})
  for (let turns = 0; !state.done && turns < 20_000; turns += 1)
    await vi.advanceTimersByTimeAsync(10)
  return watched
}

export const passSeconds = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)
export const passMinutes = (minutes: number) => passSeconds(minutes * 60)

/** Passes time in which no timer runs, like a sleeping laptop. */
export function sleepMinutes(minutes: number): void {
  const timers = vi.getTimerCount()
  if (timers > 0) vi.clearAllTimers()
  vi.advanceTimersByTime(minutes * 60_000)
}

/** Makes the window dispatch `online`. */
export function whenOnline(): () => void {
  const listeners: Array<() => void> = []
  vi.stubGlobal(
    'addEventListener',
    (event: string, listener: () => void) => event === 'online' && listeners.push(listener),
  )
  return () => listeners.forEach((listener) => listener())
}
