import { stripTypeScriptTypes } from 'node:module'

/**
 * Converts TypeScript for browsers: types become blanks, so that lines and columns stay. Node runs
 * the services in the same way, but warns once that the function may change; the operator cannot
 * act on that warning.
 */
export function stripTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
