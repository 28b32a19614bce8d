import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Kills the process and removes its folder when this process ends, however it ends. Returns the
 * function that stops the watching, for a process that was ended in order.
 */
export function endWithUs({ pid, folder }: { pid: number; folder: string }): () => void {
  return runWhenWeEnd('kill -9 "$0"; rm -rf "$1"', [String(pid), folder])
}

/**
 * Stops a child process when this process ends, also by kill -9: SIGTERM, and SIGKILL after 15 s.
 */
export function stopWithUs(child: ChildProcess): void {
  const script =
    'kill "$0"; for i in $(seq 150); do kill -0 "$0" || exit; sleep 0.1; done; kill -9 "$0"'
  child.once('exit', runWhenWeEnd(script, [String(child.pid)]))
}

/** The end of a pipe tells the watcher that this process is gone. */
function runWhenWeEnd(script: string, args: readonly string[]): () => void {
  const watcher = spawn('sh', ['-c', `read -r _; ${script}`, ...args], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => {})
  watcher.stdin.on('error', () => {})
  watcher.unref()
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return () => void watcher.kill('SIGKILL')
}
