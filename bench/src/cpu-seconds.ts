import { readdir, readFile } from 'node:fs/promises'

/** Linux reports CPU time in ticks of 10 ms to user space, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100
type Use = Readonly<{ pid: number; parent: number; ticks: number }>

/**
 * Returns the CPU seconds used by these processes and all their children, including ended ones. 0
 * without /proc (macOS).
 */
export async function cpuSeconds(roots: readonly number[]): Promise<number> {
  const family = await readFamily(roots)
  return family.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND
}

/** Returns these processes and all their children. Empty without /proc (macOS). */
export async function readFamily(roots: readonly number[]): Promise<Use[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(
    ids.map(async (id) => toUse(await readFile(`/proc/${id}/stat`, 'utf8').catch(() => ''))),
  )
  const family = new Set(roots)
  // Iterating a set also visits what is added during the loop, so children of children are found.
  for (const pid of family)
    for (const { pid: child, parent } of all) if (parent === pid) family.add(child)
  return all.filter(({ pid }) => family.has(pid))
}

/**
 * proc_pid_stat(5): the name may contain blanks and brackets, so the fields are counted from its
 * end.
 */
function toUse(stat: string): Use {
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
