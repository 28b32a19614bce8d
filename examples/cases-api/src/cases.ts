export const CASES = [
  { id: '1', title: 'The lost answer' },
  { id: '2', title: 'The second tab' },
  { id: '3', title: 'The stolen token' },
] as const
