import { readdir, readFile } from 'node:fs/promises'

/** Linux reports CPU time in ticks of 10 ms to user space, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100

/**
 * Returns the CPU seconds used by these processes and all their children, including ended ones. 0
 * without /proc (macOS).
 */
export async function cpuSeconds(roots: readonly number[]): Promise<number> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(
    ids.map(async (id) => toUse(await readFile(`/proc/${id}/stat`, 'utf8').catch(() => ''))),
  )
  const family = new Set(roots)
  // Iterating a set also visits what is added during the loop, so children of children are found.
  for (const pid of family)
    for (const { pid: child, parent } of all) if (parent === pid) family.add(child)
  return (
    all.reduce((sum, { pid, ticks }) => sum + (family.has(pid) ? ticks : 0), 0) / TICKS_PER_SECOND
  )
}

/**
 * proc_pid_stat(5): the name may contain blanks and brackets, so the fields are counted from its
 * end.
 */
function toUse(stat: string): { pid: number; parent: number; ticks: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields
    .slice(11, 15)
    .map(Number)
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(fields[1]),
    ticks: user + system + childrenUser + childrenSystem,
  }
}
