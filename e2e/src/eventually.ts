/** Waits until `condition` holds; fails after `ms`, by default more than any machine stands still. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not become true within ${ms} ms: ${String(condition)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Lets the given time pass: for windows that the product itself measures in real time. */
export async function letPass(seconds: number): Promise<void> {
  const from = performance.now()
  await eventually(() => performance.now() - from > seconds * 1000, seconds * 1000 + 5000)
}
