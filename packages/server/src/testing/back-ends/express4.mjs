process.env.EXPRESS = 'express4'
await import('./express.mjs')
