import { type Sample } from './sample';

export interface Panel {
  title: string;
  /** Series whose names begin so. */
  prefix: string;
}

const WIDTH = 860;
const HEIGHT = 190;
const LEFT = 60;
const RIGHT = 190;
const TOP = 28;
const BOTTOM = 26;
const COLOURS = [
  '#2563eb',
  '#dc2626',
  '#059669',
  '#d97706',
  '#7c3aed',
  '#0891b2',
  '#db2777',
  '#65a30d',
  '#475569',
];
const LINES = 4;
/** More would not be seen at this width. */
const MAX_POINTS = 240;

/** Draws panels below each other as one SVG, time in minutes. */
export function plot(samples: readonly Sample[], panels: readonly Panel[]): string {
  const height = panels.length * HEIGHT;
  const body = panels.map(
    (panel, n) => `<g transform="translate(0 ${n * HEIGHT})">${drawPanel(samples, panel)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    '<title>Memory, handles, Redis keys and tables of a soak run over time</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function drawPanel(samples: readonly Sample[], { title, prefix }: Panel): string {
  const names = Object.keys(samples[0]?.values ?? {}).filter((name) => name.startsWith(prefix));
  const end = Math.max(1, samples.at(-1)?.at ?? 1);
  const highest =
    Math.max(1, ...samples.flatMap(({ values }) => names.map((name) => values[name] ?? 0))) * 1.05;
  const x = (at: number) => LEFT + (at / end) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / highest) * (HEIGHT - TOP - BOTTOM);
  const lineHeight = Math.min(13, (HEIGHT - TOP) / names.length);
  const series = names.map((name, n) => {
    const points = peaks(samples, name).map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
    const colour = COLOURS[n % COLOURS.length];
    const dashes = n < COLOURS.length ? '' : ' stroke-dasharray="4 2"';
    const label = `<text x="${WIDTH - RIGHT + 24}" y="${(TOP + n * lineHeight + 4).toFixed(1)}" fill="${colour}">${name.slice(prefix.length) || name}</text>`;
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.3"${dashes}/>${label}`;
  });
  return [
    `<text x="${LEFT}" y="16" font-weight="bold" fill="#111827">${title}</text>`,
    axes(end, highest, x, y),
    ...series,
  ].join('\n');
}

/** The highest of every few samples. */
function peaks(samples: readonly Sample[], name: string): { at: number; value: number }[] {
  const size = Math.ceil(samples.length / MAX_POINTS);
  const of = ({ at, values }: Sample) => ({ at, value: values[name] ?? 0 });
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, n) =>
    samples
      .slice(n * size, (n + 1) * size)
      .map(of)
      .reduce((highest, each) => (each.value > highest.value ? each : highest)),
  );
}

function axes(end: number, highest: number, x: (at: number) => number, y: (value: number) => number): string {
  const steps = Array.from({ length: LINES + 1 }, (_, n) => n / LINES);
  const across = steps.map((step) => {
    const value = step * highest;
    const at = y(value).toFixed(1);
    return (
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#e5e7eb"/>` +
      `<text x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end" fill="#6b7280">${label(value)}</text>`
    );
  });
  const minutes = steps.map(
    (step) =>
      `<text x="${x(step * end).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle" fill="#6b7280">${((step * end) / 60).toFixed(0)} min</text>`,
  );
  return [...across, ...minutes].join('\n');
}

function label(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
