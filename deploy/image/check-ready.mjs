// Health check for images without curl: exits with 0 when the process in the container is ready.
const answer = await fetch(`http://127.0.0.1:${process.env.ADMIN_PORT}/readyz`, {
  signal: AbortSignal.timeout(2000),
}).catch(() => undefined)
process.exit(answer?.ok === true ? 0 : 1)
