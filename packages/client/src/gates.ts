import type { Gate } from './gate.ts'

const gates = new WeakMap<object, Gate>()

/** The inner side of a TokenManager, for the axios interceptor alone. */
export function gateOf(tokenManager: object): Gate {
  const gate = gates.get(tokenManager)
  if (gate === undefined) throw new TypeError('This is no TokenManager')
  return gate
}

export const setGate = (tokenManager: object, gate: Gate): void => void gates.set(tokenManager, gate)
