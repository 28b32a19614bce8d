import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Kills process `pid` with SIGKILL and removes `folder` when this process ends, even by kill -9.
 * Returns a function that stops watching: call it after an orderly stop.
 */
export function killWithParent({ pid, folder }: { pid: number; folder: string }): () => void {
  return runAfterParent('kill -9 "$0"; rm -rf "$1"', [String(pid), folder])
}

/**
 * Stops a child process when this process ends, even by kill -9: first SIGTERM, then SIGKILL after
 * 15 s.
 */
export function stopWithParent(child: ChildProcess): void {
  const script =
    'kill "$0"; for i in $(seq 150); do kill -0 "$0" || exit; sleep 0.1; done; kill -9 "$0"'
  child.once('exit', runAfterParent(script, [String(child.pid)]))
}

/** A watcher reads from a pipe; the pipe closes when this process ends. */
function runAfterParent(script: string, args: readonly string[]): () => void {
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
