export { createBatch, type BatchOptions } from './create-batch.ts'
