import { spawn } from 'node:child_process'

/**
 * Kills the process and removes its folder when this process is gone, however it ends: the end of a pipe tells. Returns the
 * call that lifts it, for when the process was ended in order.
 */
export function endWithUs({ pid, folder }: { pid: number; folder: string }): () => void {
  const watcher = spawn('sh', ['-c', 'read -r _; kill -9 "$0"; rm -rf "$1"', String(pid), folder], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  watcher.on('error', () => {})
  watcher.stdin.on('error', () => {})
  watcher.unref()
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return () => void watcher.kill('SIGKILL')
}
