export {
  openTracing,
  type OpenTracing,
  type TraceExporter,
  type TraceSettings,
} from './open-tracing.ts'
