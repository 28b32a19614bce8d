import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  type Dashboard,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { AT, SOURCE } from './panels.ts'

const TAG = 'auto-refresh-token'

/**
 * Creates a dashboard with the common variables, links and annotations, and its rows of panels in
 * order.
 */
export function createDashboard({
  uid,
  title,
  description,
  rows,
}: {
  uid: string
  title: string
  description: string
  rows: Readonly<Record<string, readonly Builder<Panel>[]>>
}): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .readonly()
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder('datasource')
        .label('Prometheus')
        .type('prometheus')
        .current({ text: 'Prometheus', value: 'prometheus' }),
    )
    .withVariable(toVariable('service', 'label_values(auth_build_info, job)'))
    .withVariable(
      toVariable('instance', 'label_values(auth_build_info{job=~"$service"}, instance)'),
    )
    .link(
      new DashboardLinkBuilder('Dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .link(
      new DashboardLinkBuilder('Traces')
        .type(DashboardLinkType.Link)
        .url('/explore?left={"datasource":"tempo"}')
        .tooltip('Explore with Tempo'),
    )
    .annotation(
      toAnnotation(
        'Deployments',
        'blue',
        '{{service}} {{version}}',
        'count by (service, version) (auth_build_info) unless count by (service, version) (auth_build_info offset 2m)',
      ),
    )
    .annotation(
      toAnnotation(
        'Reuse',
        'red',
        'A refresh token was used twice',
        `sum(increase(auth_reuse_detected_total{${AT}}[1m])) > 0`,
      ),
    )
  for (const [name, panels] of Object.entries(rows)) {
    dashboard.withRow(new RowBuilder(name))
    for (const panel of panels) dashboard.withPanel(panel)
  }
  const built = dashboard.build()
  // Fixed ids, so that links to a panel stay valid.
  for (const [at, panel] of (built.panels ?? []).entries()) panel.id = at + 1
  return built
}

function toVariable(name: string, query: string) {
  return new QueryVariableBuilder(name)
    .label(name)
    .datasource(SOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' })
}

function toAnnotation(name: string, color: string, title: string, expr: string) {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(SOURCE)
    .enable(true)
    .iconColor(color)
    .titleFormat(title)
    .expr(expr)
    .step('15s')
}
