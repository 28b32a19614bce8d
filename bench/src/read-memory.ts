import { readFile } from 'node:fs/promises'

const KIB_PER_MIB = 1024

/** Returns the resident memory of a process in MiB; 0 without /proc (macOS). */
export async function readMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / KIB_PER_MIB)
}
