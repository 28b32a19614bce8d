/** The part of vitest's JSON report that is read here. */
type Report = Readonly<{
  testResults: readonly Readonly<{
    name: string
    status: string
    message: string
    assertionResults: readonly Readonly<{
      fullName: string
      status: string
      failureMessages: readonly string[] | null
    }>[]
  }>[]
}>

/** One task of turbo: its name, its exit code, and its report if it wrote one. */
export type TaskResult = Readonly<{ name: string; exitCode: number; report: Report | undefined }>

/** The number of passed tests, the names of skipped ones, and one paragraph for each failure. */
type TestSummary = Readonly<{ passed: number; skipped: string[]; failures: string[] }>

/**
 * Adds up the tests of all tasks and lists the reason of each failure. A file or a task that failed
 * without a failed test counts as one failure.
 *
 * @param exitCode of turbo
 */
export function summarizeTests(tasks: readonly TaskResult[], exitCode: number): TestSummary {
  let passed = 0
  const failures: string[] = []
  const skipped: string[] = []
  const fail = (where: string, reason: string) =>
    failures.push(`\nFAILED ${where}\n${indent(reason)}`)

  for (const { name, exitCode: code, report } of tasks) {
    const before = failures.length
    for (const { name: path, status, message, assertionResults } of report?.testResults ?? []) {
      const file = `${name} ${path.replace(/^.*\/src\//, 'src/')}`
      const failed = assertionResults.filter((test) => test.status === 'failed')
      for (const { fullName, failureMessages } of failed) {
        fail(`${file} > ${fullName}`, failureMessages?.join('\n') || message || 'no reason given')
      }
      if (status === 'failed' && failed.length === 0) fail(file, message)
      const others = assertionResults.filter((test) => test.status !== 'failed')
      passed += others.filter((test) => test.status === 'passed').length
      skipped.push(
        ...others.flatMap((test) =>
          test.status === 'passed' ? [] : [`${file} > ${test.fullName}`],
        ),
      )
    }
    if (code !== 0 && failures.length === before) {
      fail(name, `The task ended with exit code ${code} and no failed test; its output is above`)
    }
  }
  if (exitCode !== 0 && failures.length === 0)
    fail('npm test', `turbo ended with exit code ${exitCode}`)
  if (passed === 0 && failures.length === 0) fail('npm test', 'No test was run')
  return { passed, skipped, failures }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
