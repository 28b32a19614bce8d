import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Answer, Ask, Series } from './create-ask-prometheus.ts'

const COLUMN = 52
const ROW = 32
const COLOURS = [
  '#73bf69',
  '#f2cc0c',
  '#5794f2',
  '#ff9830',
  '#b877d9',
  '#f2495c',
  '#8ab8ff',
  '#96d98d',
]
const STYLE = `body{background:#111217;color:#ccccdc;font:12px sans-serif;margin:16px}h1{font-size:18px}.board{position:relative;width:${24 * COLUMN}px}
.panel{position:absolute;box-sizing:border-box;background:#181b1f;border:1px solid #2c3235;overflow:hidden;padding:4px 6px}.row{font-weight:bold;background:none;border:0}
.value{font-size:26px;color:#73bf69}.error{color:#f2495c}.empty{color:#8e8e9a}.legend{position:absolute;bottom:2px;white-space:nowrap}svg{display:block}pre{white-space:pre-wrap;margin:0}`

type Panel = {
  type: string
  title?: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; legendFormat: string }[]
  unit: Unit
  content: string
}
type Unit = { unit?: string; decimals?: number }

/**
 * One page with the panels of every dashboard where Grafana would put them: layout, values, and
 * above all what is empty.
 */
export async function renderPage({
  dashboards,
  ask,
}: {
  dashboards: readonly Dashboard[]
  ask: Ask
}): Promise<string> {
  const boards = await Promise.all(dashboards.map((dashboard) => renderBoard(dashboard, ask)))
  return `<!doctype html><meta charset="utf-8"><title>Dashboards</title><style>${STYLE}</style>${boards.join('')}`
}

async function renderBoard(dashboard: Dashboard, ask: Ask): Promise<string> {
  const panels = (JSON.parse(JSON.stringify(dashboard.panels)) as Record<string, unknown>[]).map(
    toPanel,
  )
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW
  const boxes = await Promise.all(panels.map((panel) => renderPanel(panel, ask)))
  return `<h1>${escape(dashboard.title ?? '')}</h1><div class="board" style="height:${height}px">${boxes.join('')}</div>`
}

function toPanel(panel: Record<string, unknown>): Panel {
  const { fieldConfig, options, ...rest } = panel as {
    fieldConfig?: { defaults: Unit }
    options?: { content?: string }
  }
  return {
    ...(rest as Omit<Panel, 'unit' | 'content'>),
    unit: fieldConfig?.defaults ?? {},
    content: options?.content ?? '',
  }
}

async function renderPanel(
  { type, title = '', gridPos: { x, y, w, h }, targets = [], unit, content }: Panel,
  ask: Ask,
): Promise<string> {
  const [width, height] = [w * COLUMN - 4, h * ROW - 4]
  const answers = await Promise.all(
    targets.map(async ({ expr, legendFormat }) => ({ legendFormat, answer: await ask(expr) })),
  )
  const inside =
    type === 'row'
      ? ''
      : type === 'text'
        ? `<pre>${escape(content)}</pre>`
        : renderAnswers({ type, unit, width: width - 14, height: height - 42, answers })
  return `<div class="panel ${type}" style="left:${x * COLUMN}px;top:${y * ROW}px;width:${width}px;height:${height}px">${escape(title)}${inside}</div>`
}

function renderAnswers({
  type,
  unit,
  width,
  height,
  answers,
}: {
  type: string
  unit: Unit
  width: number
  height: number
  answers: { legendFormat: string; answer: Answer }[]
}): string {
  for (const { answer } of answers)
    if ('error' in answer) return `<div class="error">${escape(answer.error)}</div>`
  const series = answers.flatMap(({ legendFormat, answer }) =>
    'series' in answer
      ? answer.series.map((each) => ({ ...each, legend: toLegend(legendFormat, each) }))
      : [],
  )
  if (series.length === 0) return '<div class="empty">no series</div>'
  const last = series[0]?.values.findLast(([, value]) => Number.isFinite(value))?.[1]
  if (type === 'stat')
    return last === undefined
      ? '<div class="empty">no value (NaN)</div>'
      : `<div class="value">${toText(last, unit)}</div>`
  const points = series.flatMap(({ values }) =>
    values.filter(([, value]) => Number.isFinite(value)),
  )
  if (points.length === 0) return `<div class="empty">${series.length} series, all NaN</div>`
  const [from, to, top] = [
    Math.min(...points.map(([at]) => at)),
    Math.max(...points.map(([at]) => at)),
    Math.max(...points.map(([, value]) => value)) || 1,
  ]
  const lines = series.map(({ values }, at) => {
    const path = values
      .filter(([, value]) => Number.isFinite(value))
      .map(
        ([time, value]) =>
          `${(((time - from) / (to - from || 1)) * width).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`,
      )
    return `<polyline fill="none" stroke="${COLOURS[at % COLOURS.length]}" points="${path.join(' ')}"/>`
  })
  const legend = series
    .map(
      ({ legend: text }, at) =>
        `<span style="color:${COLOURS[at % COLOURS.length]}">${escape(text)}</span>`,
    )
    .join(' ')
  return ` <small class="empty">max ${toText(top, unit)}</small><svg width="${width}" height="${height}">${lines.join('')}</svg><div class="legend">${legend}</div>`
}

const toLegend = (format: string, { labels }: Series) =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '')
function toText(value: number, { unit = '', decimals }: Unit): string {
  const [shown, name] =
    unit === 'percentunit' ? [value * 100, '%'] : [value, unit === 'short' ? '' : unit]
  return `${decimals === undefined ? Number(shown.toPrecision(4)) : shown.toFixed(decimals)} ${name}`
}
const escape = (text: string) =>
  text.replaceAll(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
