import { stripTypeScriptTypes } from 'node:module'

/**
 * TypeScript as a browser can run it: types become blanks, so that lines and columns stay. Node
 * runs the services the same way, but warns once that the function may still change; whoever starts
 * the product can do nothing about that.
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
