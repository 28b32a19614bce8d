type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>

/**
 * Waits until `condition` returns a truthy value, and returns that value. An error of `condition`
 * ends the waiting at once. Throws after `ms`, by default longer than a slow machine ever stalls.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  ms = 60_000,
): Promise<Truthy<T>> {
  const deadline = performance.now() + ms
  for (;;) {
    // Checked before the condition: after a stall past the deadline it gets one more chance.
    const isLast = performance.now() > deadline
    const result = await condition()
    if (result) return result as Truthy<T>
    if (isLast) throw new Error(`Not true within ${ms} ms: ${String(condition)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Waits in real time, for windows that the product measures by the clock. */
export async function waitSeconds(seconds: number): Promise<void> {
  const from = performance.now()
  await eventually(() => performance.now() - from > seconds * 1000, seconds * 1000 + 5000)
}

/**
 * Runs `begin` five times, each time waits until the condition that it returns holds, and returns
 * the median of the seconds: the machine may stall during one or two of the runs.
 */
export async function medianSeconds(begin: () => Promise<() => Promise<boolean>>): Promise<number> {
  const seconds: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const condition = await begin()
    const from = performance.now()
    await eventually(condition)
    seconds.push((performance.now() - from) / 1000)
  }
  return seconds.toSorted((a, b) => a - b)[2] ?? Infinity
}
