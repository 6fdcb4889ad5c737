import type { Measured, Sample } from "./measure.ts";

const COLUMNS = [
  "location",
  "to the origin",
  "first request",
  "second request",
  "after invalidation",
  "in force after",
];

/** A table for a terminal. */
export function renderTable(measured: readonly Measured[]): string {
  const rows = measured.map(({ place, first, second, after, inForce }) => [
    `${place.name} (${place.colo})`,
    `${place.distance} ms`,
    describe(first),
    describe(second),
    describe(after),
    `${(inForce / 1000).toFixed(1)} s`,
  ]);
  const widths = COLUMNS.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [COLUMNS, ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

function describe({ from, milliseconds }: Sample): string {
  return `${from} ${round(milliseconds)} ms`;
}

function round(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 1 : 0);
}

const LEFT = 110;
const WIDTH = 720;
const BAR = 16;
const GAP = 4;
const BARS = [
  ["first", "first request", "#c2410c"],
  ["second", "second request", "#15803d"],
  ["after", "after invalidation", "#a16207"],
] as const;

/** The same as a picture: three bars for each location. */
export function renderSvg(measured: readonly Measured[]): string {
  const longest = Math.max(...measured.flatMap((row) => BARS.map(([member]) => row[member].milliseconds)));
  const scale = (WIDTH - LEFT - 150) / longest;
  const groupHeight = BARS.length * (BAR + GAP) + 18;
  const groups = measured.map((row, number) => {
    const top = 48 + number * groupHeight;
    const bars = BARS.map(([member, , colour], bar) => {
      const { milliseconds, from } = row[member];
      const y = top + bar * (BAR + GAP);
      const width = Math.max(1, milliseconds * scale).toFixed(1);
      const label = `${round(milliseconds)} ms · ${from}`;
      return (
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2" fill="${colour}"/>` +
        `<text x="${(LEFT + Number(width) + 8).toFixed(1)}" y="${y + 12}">${label}</text>`
      );
    });
    return `<text x="0" y="${top + 32}" font-weight="600">${row.place.name}</text>${bars.join("")}`;
  });
  const legend = BARS.map(([, title, colour], number) => {
    const x = LEFT + number * 170;
    return `<rect x="${x}" y="8" width="12" height="12" rx="2" fill="${colour}"/><text x="${x + 18}" y="18">${title}</text>`;
  });
  const height = 48 + measured.length * groupHeight;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">` +
    `<title>Time to the last byte of 16 KB in each location</title>` +
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>${legend.join("")}${groups.join("")}</svg>\n`
  );
}
