import { median } from './median.ts'
import { toRatio, type Sample } from './to-tables.ts'

const [WIDTH, HEIGHT] = [860, 380]
const PLOT = { top: 64, bottom: 316, width: 340 }
const LEFT = { ratio: 56, latency: 490 }
/** Colours that are distinct in both schemes, also for the colour-blind (Okabe and Ito). */
const COLOURS: Readonly<Record<string, string>> = {
  floor: '#8a8f98',
  peer: '#d98200',
  'one process': '#0a84c6',
  services: '#00966d',
}
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 14px; font-weight: 600 }
  .page { fill: #ffffff } .grid { stroke: #d0d7de }
  .one { stroke: #d98200; stroke-width: 2; stroke-dasharray: 5 4 }
  .range { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117 }
    .grid { stroke: #30363d } .range { stroke: #e6edf3 }
  }`

/**
 * Returns an SVG with two panels: the rate of our targets to that of the peer (bars, with minimum
 * and maximum of the rounds), and the latencies of all targets (from p50 to p99). It follows the
 * colour scheme of the reader.
 */
export function toPlot(samples: readonly Sample[], caption: string): string {
  const loads = [...new Set(samples.map(({ clients }) => clients))].toSorted((a, b) => a - b)
  const names = Object.keys(COLOURS).filter((name) => samples.some((one) => one.name === name))
  const of = (clients: number, name: string) =>
    samples.filter((sample) => sample.clients === clients && sample.name === name)
  const parts = [
    ...toRatioPanel({ samples, loads, names: names.filter((n) => !/floor|peer/.test(n)), of }),
    ...toLatencyPanel({ loads, names, of }),
    ...names.flatMap((name, i) => [
      rect({ x: LEFT.ratio + i * 110, y: HEIGHT - 22, width: 11, height: 11, name }),
      text(LEFT.ratio + i * 110 + 16, HEIGHT - 12, name),
    ]),
    text(WIDTH - 16, HEIGHT - 12, caption, 'end'),
  ]
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
<title>Rate of rotations to that of the peer, and latencies, by number of clients</title>
<style>${STYLE}
</style>
<rect class="page" width="100%" height="100%"/>
${parts.join('\n')}
</svg>
`
}

type Panel = Readonly<{
  loads: readonly number[]
  names: readonly string[]
  of: (clients: number, name: string) => Sample[]
}>

function toRatioPanel({ samples, loads, names, of }: Panel & { samples: readonly Sample[] }) {
  const bars = loads.flatMap((clients) =>
    names.map((name) => ({
      clients,
      name,
      ...toRatio(of(clients, name), samples, { name: 'peer', key: 'perSecond' }),
    })),
  )
  const top = Math.max(1, ...bars.map(({ greatest }) => greatest)) * 1.08
  const toY = (ratio: number) => PLOT.bottom - (ratio / top) * (PLOT.bottom - PLOT.top)
  const step = top > 8 ? 2 : top > 3 ? 1 : 0.5
  const slot = PLOT.width / loads.length
  const width = Math.min(30, (slot * 0.7) / names.length)
  return [
    text(LEFT.ratio, 24, 'Rotations per second, to the peer', 'start', 'title'),
    text(LEFT.ratio, 42, 'higher is better; the line spans the rounds'),
    ...grid({ left: LEFT.ratio, ticks: range(0, top, step), toY, loads }),
    ...bars.flatMap(({ clients, name, middle, least, greatest }) => {
      const centre =
        LEFT.ratio +
        slot * (loads.indexOf(clients) + 0.5) +
        width * (names.indexOf(name) - (names.length - 1) / 2)
      return [
        rect({
          x: centre - width / 2 + 1,
          y: toY(middle),
          width: width - 2,
          height: PLOT.bottom - toY(middle),
          name,
        }),
        line('range', [centre, toY(least)], [centre, toY(greatest)]),
        text(centre, toY(greatest) - 5, middle.toFixed(1), 'middle'),
      ]
    }),
    line('one', [LEFT.ratio, toY(1)], [LEFT.ratio + PLOT.width, toY(1)]),
  ]
}

function toLatencyPanel({ loads, names, of }: Panel) {
  const bars = loads.flatMap((clients) =>
    names.map((name) => ({
      clients,
      name,
      p50: median(of(clients, name).map(({ p50Ms }) => p50Ms)),
      p99: median(of(clients, name).map(({ p99Ms }) => p99Ms)),
    })),
  )
  const low = Math.floor(Math.log10(Math.min(...bars.map(({ p50 }) => p50))))
  const high = Math.ceil(Math.log10(Math.max(...bars.map(({ p99 }) => p99))))
  const toY = (ms: number) =>
    PLOT.bottom - ((Math.log10(ms) - low) / (high - low)) * (PLOT.bottom - PLOT.top)
  const slot = PLOT.width / loads.length
  const gap = Math.min(16, (slot * 0.8) / names.length)
  return [
    text(LEFT.latency, 24, 'Latency, from p50 to p99, ms', 'start', 'title'),
    text(LEFT.latency, 42, 'lower is better; logarithmic'),
    ...grid({
      left: LEFT.latency,
      ticks: range(low, high, 1).map((power) => 10 ** power),
      toY,
      loads,
    }),
    ...bars.map(({ clients, name, p50, p99 }) => {
      const centre =
        LEFT.latency +
        slot * (loads.indexOf(clients) + 0.5) +
        gap * (names.indexOf(name) - (names.length - 1) / 2)
      const height = Math.max(2, toY(p50) - toY(p99))
      return rect({ x: centre - 5, y: toY(p99), width: 10, height, name })
    }),
  ]
}

function grid({
  left,
  ticks,
  toY,
  loads,
}: {
  left: number
  ticks: readonly number[]
  toY: (value: number) => number
  loads: readonly number[]
}): string[] {
  return [
    ...ticks.flatMap((tick) => [
      line('grid', [left, toY(tick)], [left + PLOT.width, toY(tick)]),
      text(left - 8, toY(tick) + 4, String(tick), 'end'),
    ]),
    ...loads.map((clients, i) =>
      text(
        left + (PLOT.width / loads.length) * (i + 0.5),
        PLOT.bottom + 18,
        `${clients} ${clients === 1 ? 'client' : 'clients'}`,
        'middle',
      ),
    ),
  ]
}

const round = (value: number) => Number(value.toFixed(1))
const range = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step + 1e-9) + 1 }, (_, i) => from + i * step)
type Rect = Readonly<{ x: number; y: number; width: number; height: number; name: string }>
function rect({ x, y, width, height, name }: Rect): string {
  const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  return `<rect ${place} rx="2" fill="${COLOURS[name]}"/>`
}
function line(className: string, [x1, y1]: [number, number], [x2, y2]: [number, number]): string {
  const [from, to] = [`x1="${round(x1)}" y1="${round(y1)}"`, `x2="${round(x2)}" y2="${round(y2)}"`]
  return `<line class="${className}" ${from} ${to}/>`
}
function text(x: number, y: number, content: string, anchor = 'start', className = ''): string {
  const look = `text-anchor="${anchor}"${className === '' ? '' : ` class="${className}"`}`
  return `<text x="${round(x)}" y="${round(y)}" ${look}>${content}</text>`
}
