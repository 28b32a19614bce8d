import { readFile } from 'node:fs/promises'
import { readFamily } from './cpu-seconds.ts'

const KIB_PER_MIB = 1024

/** Returns the resident memory of a process in MiB; 0 without /proc (macOS). */
export async function readMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / KIB_PER_MIB)
}

/**
 * Returns the memory of a process and all its children in MiB. Memory that several of them share is
 * counted once. 0 without /proc (macOS).
 */
export async function readFamilyMemory(root: number): Promise<number> {
  const sizes = await Promise.all(
    (await readFamily([root])).map(async ({ pid }) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
    }),
  )
  return Math.round(sizes.reduce((sum, kib) => sum + kib, 0) / KIB_PER_MIB)
}
