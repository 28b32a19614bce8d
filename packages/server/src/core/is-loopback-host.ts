/** Whether a host name, without port, is the local machine (RFC 6761 §6.3). */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname)
}
