import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap'
import {
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/**
 * The label matchers of every query on process metrics: the variables at the top of the dashboard.
 */
export const AT = 'job=~"$service", instance=~"$instance"'
export const SOURCE = { type: 'prometheus', uid: '${datasource}' }

/** PromQL expressions by legend. */
type Queries = Readonly<Record<string, string>>
type Frame = Readonly<{
  title: string
  description: string
  unit: string
  width: number
  height?: number
  link?: { title: string; url: string }
}>
type Limits = Readonly<{ warn?: number; bad?: number; good?: number }>

const GRAPH_HEIGHT = 8
const STAT_HEIGHT = 4

/** Lines over time; `stacked` if the sum is meaningful. */
export function createGraph({
  queries,
  stacked = false,
  exemplars = false,
  limits = {},
  ...frame
}: Frame & { queries: Queries; stacked?: boolean; exemplars?: boolean; limits?: Limits }) {
  const panel = withFrame(new TimeseriesBuilder(), frame, GRAPH_HEIGHT)
    .min(0)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 8)
    .thresholds(toThresholds(limits))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
  if (Object.keys(limits).length > 0)
    panel.thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
    )
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  for (const [legend, expr] of Object.entries(queries))
    panel.withTarget(
      new DataqueryBuilder()
        .datasource(SOURCE)
        .expr(expr)
        .legendFormat(legend)
        .exemplar(exemplars)
        .range()
        .refId(toRefId(legend)),
    )
  return panel
}

/** One number: the last value, coloured by its limits. */
export function createStat({
  expr,
  limits = {},
  decimals,
  ...frame
}: Frame & { expr: string; limits?: Limits; decimals?: number }) {
  const panel = withFrame(new StatBuilder(), frame, STAT_HEIGHT)
    .thresholds(toThresholds(limits))
    .graphMode(BigValueGraphMode.Area)
    .noValue('no data')
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(
      new DataqueryBuilder()
        .datasource(SOURCE)
        .expr(expr)
        .legendFormat(frame.title)
        .range()
        .refId('A'),
    )
  return decimals === undefined ? panel : panel.decimals(decimals)
}

/** A text panel. */
export function createText({
  title,
  description,
  width,
  height,
  content,
}: Omit<Frame, 'unit' | 'link'> & { height: number; content: string }) {
  return new TextBuilder()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .mode(TextMode.Markdown)
    .content(content)
}

/** A histogram over time; its dots are exemplars that link to their traces. */
export function createHeatmap({ expr, ...frame }: Frame & { expr: string }) {
  return withFrame(new HeatmapBuilder(), frame, GRAPH_HEIGHT)
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .exponent(0.5)
        .scheme('Oranges')
        .steps(64),
    )
    .yAxis(new YAxisConfigBuilder().unit(frame.unit))
    .withTarget(
      new DataqueryBuilder()
        .datasource(SOURCE)
        .expr(expr)
        .legendFormat('{{le}}')
        .format(PromQueryFormat.Heatmap)
        .exemplar(true)
        .range()
        .refId('A'),
    )
}

type Framed<P> = {
  title(text: string): P
  description(text: string): P
  unit(unit: string): P
  span(width: number): P
  height(height: number): P
  datasource(source: typeof SOURCE): P
  links(links: DashboardLinkBuilder[]): P
}

function withFrame<P extends Framed<P>>(
  panel: P,
  { title, description, unit, width, height, link }: Frame,
  usual: number,
): P {
  const framed = panel
    .title(title)
    .description(description)
    .unit(unit)
    .span(width)
    .height(height ?? usual)
    .datasource(SOURCE)
  return link === undefined
    ? framed
    : framed.links([
        new DashboardLinkBuilder(link.title)
          .type(DashboardLinkType.Link)
          .url(link.url)
          .targetBlank(true),
      ])
}

/**
 * Green, then the colour of the limit that is exceeded; with `good`, green from there on and red
 * below.
 */
function toThresholds({ warn, bad, good }: Limits) {
  const steps =
    good === undefined
      ? [{ color: 'green', value: null }]
      : [
          { color: 'red', value: null },
          { color: 'green', value: good },
        ]
  if (warn !== undefined) steps.push({ color: 'orange', value: warn })
  if (bad !== undefined) steps.push({ color: 'red', value: bad })
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}

/** The id of a query. Grafana requires one; the legend keeps the committed JSON readable. */
const toRefId = (legend: string) => legend.replaceAll(/[^A-Za-z0-9]+/g, '_')
