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

/** Draws panels below each other as one SVG, time in minutes. */
export function plot(samples: readonly Sample[], panels: readonly Panel[]): string {
  const height = panels.length * HEIGHT;
  const body = panels.map(
    (panel, n) => `<g transform="translate(0 ${n * HEIGHT})">${drawPanel(samples, panel)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
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
  const series = names.map((name, n) => {
    const points = samples.map(({ at, values }) => `${x(at).toFixed(1)},${y(values[name] ?? 0).toFixed(1)}`);
    const colour = COLOURS[n % COLOURS.length];
    const label = `<text x="${WIDTH - RIGHT + 10}" y="${TOP + n * 13 + 4}" fill="${colour}">${name.slice(prefix.length) || name}</text>`;
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.3"/>${label}`;
  });
  return [
    `<text x="${LEFT}" y="16" font-weight="bold" fill="#111827">${title}</text>`,
    axes(end, highest, x, y),
    ...series,
  ].join('\n');
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
