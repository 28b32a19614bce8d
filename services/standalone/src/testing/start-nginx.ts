import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, findFreePort } from '@auto-refresh/test-engines'

/** Starts a real nginx on a free port, with the given lines in its `location /`. */
export async function startNginx(
  location: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'nginx-'))
  const port = await findFreePort()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${dir}/${name};`)
    .join(' ')
  await writeFile(
    join(dir, 'nginx.conf'),
    `pid ${dir}/nginx.pid; error_log stderr crit; worker_processes 1; daemon off; events { worker_connections 64; }
     http { access_log off; ${paths} server { listen 127.0.0.1:${port}; location / { ${location} } } }`,
  )
  const child = spawn('nginx', ['-c', join(dir, 'nginx.conf'), '-p', dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await eventually(() => {
    if (child.exitCode !== null) throw new Error('nginx did not start')
    return fetch(url).then(
      () => true,
      () => false,
    )
  }, 30_000)
  return {
    url,
    async stop() {
      child.kill()
      await exited
      await rm(dir, { recursive: true })
    },
  }
}
