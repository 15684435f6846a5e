// SPDX-License-Identifier: Apache-2.0
// uPlot dressed for this page: curves with gaps, bands of least and largest values, one axis a unit, the site's time
// zone, the theme's colours. Knows nothing of the page's signals.

import uPlot from 'uplot';
import type { Curve } from '../../data/curve';
import { axisOf, number, scaleOf, tickDecimals, type Measure } from '../../data/format';
import { colour } from './colours';

export interface PlotSeries {
  label: string;
  measure: Measure;
  /** Name of the custom property with the colour. */
  colour: string;
  curve: Curve;
  /** Filled below, for a curve that stands alone. */
  filled?: boolean;
  /** A thinner, quieter line: what it is compared with. */
  quiet?: boolean;
}

export interface PlotLook {
  locale: string;
  zone: string;
  height: number;
  /** Drag selects a stretch of time. */
  onSelect?: (from: number, to: number) => void;
  /** The time under the pointer, null when it left. */
  onCursor?: (time: number | null) => void;
}

const FONT = '12px Inter, "Segoe UI", system-ui, sans-serif';
const COLUMNS_A_SERIES = 3;

/** Mean, least and largest; raw rows and curves for comparison have no band. */
function table(series: PlotSeries): uPlot.AlignedData {
  const { step, times, mean, min, max } = series.curve;
  if (step !== null && !series.quiet) return [times, mean, min, max];
  const none = times.map(() => null);
  return [times, mean, none, none];
}

/** Times of several curves brought together; a null stays a gap, a time of another curve does not make one. */
function dataOf(list: PlotSeries[]): uPlot.AlignedData {
  if (list.length === 0) return [[]];
  if (list.length === 1) return table(list[0]!);
  return uPlot.join(
    list.map(table),
    list.map(() => [2, 2, 2, 2]),
  );
}

function fillOf(series: PlotSeries): uPlot.Series.Fill | undefined {
  if (!series.filled) return undefined;
  return (self) => {
    const { top, height } = self.bbox;
    const fade = self.ctx.createLinearGradient(0, top, 0, top + height);
    fade.addColorStop(0, colour(series.colour, 0.28));
    fade.addColorStop(1, colour(series.colour, 0.02));
    return fade;
  };
}

function linesOf(series: PlotSeries): uPlot.Series[] {
  const scale = axisOf(series.measure);
  const edge: uPlot.Series = { scale, stroke: 'transparent', width: 0, points: { show: false } };
  const mean: uPlot.Series = {
    label: series.label,
    scale,
    stroke: colour(series.colour, series.quiet ? 0.55 : 1),
    width: series.quiet ? 1.25 : 1.75,
    dash: series.quiet ? [4, 4] : undefined,
    fill: fillOf(series),
    points: { show: false },
  };
  return [mean, edge, edge];
}

function bandsOf(list: PlotSeries[]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  list.forEach((series, i) => {
    const first = 1 + i * COLUMNS_A_SERIES;
    if (!series.quiet) bands.push({ series: [first + 2, first + 1], fill: colour(series.colour, 0.18) });
  });
  return bands;
}

/** Figures of an axis in the unit that fits its largest value; the topmost carries the unit. */
function labelsOf(measure: Measure, locale: string): uPlot.Axis['values'] {
  return (self, splits) => {
    const { min, max } = self.scales[axisOf(measure)] ?? {};
    const scale = scaleOf(axisOf(measure), Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0)));
    const step = splits.length > 1 ? Math.abs(splits[1]! - splits[0]!) * scale.factor : 1;
    const decimals = tickDecimals(step);
    const texts = splits.map((split) => number(locale, split * scale.factor, decimals));
    if (texts.length > 0 && scale.unit) texts[texts.length - 1] += ` ${scale.unit}`;
    return texts;
  };
}

function axesOf(list: PlotSeries[], look: PlotLook): uPlot.Axis[] {
  const common = { stroke: colour('--muted'), font: FONT, ticks: { show: false } };
  const grid = { stroke: colour('--line'), width: 1 };
  const measures = new Map(list.map((series) => [axisOf(series.measure), series.measure]));
  const vertical = [...measures.values()].slice(0, 2).map((measure, i): uPlot.Axis => ({
    ...common,
    scale: axisOf(measure),
    side: i === 0 ? 3 : 1,
    size: 64,
    gap: 6,
    space: 44,
    values: labelsOf(measure, look.locale),
    grid: i === 0 ? grid : { show: false },
  }));
  return [
    { ...common, size: 46, gap: 8, space: 72, grid: { show: false }, values: timeLabels(look) },
    ...vertical,
  ];
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function timeForm(step: number, zone: string): Intl.DateTimeFormatOptions {
  if (step < MINUTE) return { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' };
  if (step < DAY) return { timeZone: zone, hour: '2-digit', minute: '2-digit' };
  return { timeZone: zone, day: 'numeric', month: 'short' };
}

/** Clock times; where a new day begins, its date stands in a second row. */
function timeLabels(look: PlotLook): uPlot.Axis['values'] {
  return (_self, splits) => {
    const step = splits.length > 1 ? splits[1]! - splits[0]! : MINUTE;
    const form = new Intl.DateTimeFormat(look.locale, timeForm(step, look.zone));
    if (step >= DAY) return splits.map((split) => form.format(split));
    const day = new Intl.DateTimeFormat(look.locale, { timeZone: look.zone, day: 'numeric', month: 'short' });
    let before = '';
    return splits.map((split) => {
      const date = day.format(split);
      const text = date === before ? form.format(split) : `${form.format(split)}\n${date}`;
      before = date;
      return text;
    });
  };
}

function scalesOf(list: PlotSeries[]): uPlot.Scales {
  const scales: uPlot.Scales = { x: { time: true, auto: false } };
  for (const { measure, filled } of list) {
    scales[axisOf(measure)] = {
      range: (_self, low, high) => {
        if (low === null || high === null) return [0, 1];
        // A filled area without its zero would lie about its size.
        const bottom = filled ? Math.min(0, low) : low;
        const pad = Math.max((high - bottom) * 0.08, Math.abs(high) * 0.002, 1e-6);
        return [bottom < 0 || !filled ? bottom - pad : bottom, high + pad];
      },
    };
  }
  return scales;
}

export class Plot {
  private readonly chart: uPlot;
  private readonly observer: ResizeObserver;

  constructor(
    private readonly host: HTMLElement,
    list: PlotSeries[],
    look: PlotLook,
  ) {
    const options: uPlot.Options = {
      width: Math.max(host.clientWidth, 1),
      height: look.height,
      ms: 1,
      padding: [8, new Set(list.map((series) => axisOf(series.measure))).size > 1 ? 0 : 22, 0, 0],
      tzDate: (time) => uPlot.tzDate(new Date(time), look.zone),
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7, width: 2 },
        drag: { x: Boolean(look.onSelect), y: false, setScale: false },
        focus: { prox: -1 },
      },
      scales: scalesOf(list),
      axes: axesOf(list, look),
      series: [{}, ...list.flatMap(linesOf)],
      bands: bandsOf(list),
      hooks: this.hooks(look),
    };
    this.chart = new uPlot(options, dataOf(list), host);
    this.observer = new ResizeObserver(() => this.resize(look.height));
    this.observer.observe(host);
  }

  private hooks(look: PlotLook): uPlot.Hooks.Arrays {
    return {
      setCursor: [
        (self) => {
          const { left = -1 } = self.cursor;
          look.onCursor?.(left < 0 ? null : self.posToVal(left, 'x'));
        },
      ],
      setSelect: [
        (self) => {
          const { left, width } = self.select;
          if (width < 4) return;
          look.onSelect?.(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'));
          self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    };
  }

  /** Paints curves, of the same kind as those it was made for, between two times. */
  paint(list: PlotSeries[], from: number, to: number): void {
    this.chart.batch(() => {
      this.chart.setData(dataOf(list), false);
      this.chart.setScale('x', { min: from, max: to });
    });
  }

  /** The area of the curves: gestures are listened for there. */
  get area(): HTMLElement {
    return this.chart.over;
  }

  private resize(height: number): void {
    const width = this.host.clientWidth;
    if (width > 0 && width !== this.chart.width) this.chart.setSize({ width, height });
  }

  destroy(): void {
    this.observer.disconnect();
    this.chart.destroy();
  }
}
