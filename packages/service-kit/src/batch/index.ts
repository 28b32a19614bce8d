export { createBatch, type BatchOptions } from './create-batch.ts'
export { createDeleteInBatches, type DeleteInBatches } from './delete-in-batches.ts'
