/**
 * The browser that tests drive: `TEST_CHROMIUM`, else where Debian's package puts it. It need not
 * be there.
 */
export function chromiumPath(environment: NodeJS.ProcessEnv): string {
  const given = environment['TEST_CHROMIUM'] ?? ''
  return given === '' ? '/usr/bin/chromium' : given
}
