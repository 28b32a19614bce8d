/**
 * Waits until `condition` holds; fails after `ms`, by default more than any machine stands still.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<void> {
  const deadline = performance.now() + ms
  for (;;) {
    // Looked at before the condition is: it has its chance after the deadline too, however long we
    // stood still.
    const isLast = performance.now() > deadline
    if (await condition()) return
    if (isLast) throw new Error(`It did not become true within ${ms} ms: ${String(condition)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Lets the given time pass: for windows that the product itself measures in real time. */
export async function letPass(seconds: number): Promise<void> {
  const from = performance.now()
  await eventually(() => performance.now() - from > seconds * 1000, seconds * 1000 + 5000)
}

/**
 * Seconds from each `begin` until what it returns holds, at the median of five: the machine may
 * stand still during one or two of them.
 */
export async function usualSeconds(begin: () => Promise<() => Promise<boolean>>): Promise<number> {
  const seconds: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const condition = await begin()
    const from = performance.now()
    await eventually(condition)
    seconds.push((performance.now() - from) / 1000)
  }
  return seconds.toSorted((a, b) => a - b)[2] ?? Infinity
}
