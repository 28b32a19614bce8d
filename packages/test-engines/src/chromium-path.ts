/**
 * Path of the browser for tests: `TEST_CHROMIUM`, else the path of Debian's package. The file may
 * be missing.
 */
export function chromiumPath(environment: NodeJS.ProcessEnv): string {
  const given = environment['TEST_CHROMIUM'] ?? ''
  return given === '' ? '/usr/bin/chromium' : given
}
