import type { CoreRoofs, KernelWork } from "../time/kernel-work.ts";
import { textAlong } from "./along-line.ts";
import type { Point } from "./geometry.ts";
import { markRadius, markShapes } from "./roofline-marks.ts";
import { element, textWidth } from "./svg-text.ts";

interface RooflinePicture {
  /** A whole file. */
  readonly svg: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Kernels that have no place in it: they count no work, or no issue of a vector unit. */
  readonly leftOut: readonly string[];
}

const plot = { left: 74, top: 82, width: 620, height: 340 };
const below = 44;
const fontSize = 9;

/**
 * Roofs of one core and the kernels of a run under them, on two logarithmic axes: issues of the busier vector unit per byte, and per
 * cycle. A kernel has a disc for what it loads and stores, at its issues per cycle in the kernel, and a ring for what the busiest
 * DMA channel of its tile moves, at its issues per cycle of the run. All of it is modelled.
 */
export function rooflinePicture(
  kernels: readonly KernelWork[],
  { title, roofs }: { readonly title: string; readonly roofs: CoreRoofs },
): RooflinePicture {
  const marks = kernels.flatMap(marksOf);
  const scale = axes(marks, roofs);
  const leftOut = kernels.filter(({ kernel }) => !marks.some((mark) => mark.kernel === kernel));
  const colourOf = colours(kernels.map(({ kernel }) => kernel));
  const head = [
    `${title}: roofline of a core, modelled`,
    "disc: against bytes loaded and stored, issues per cycle in the kernel; ring: against bytes of the busiest DMA channel, per cycle of the run",
    leftOut.length === 0
      ? marks.length === 0
        ? "the run called no kernel: there is nothing to mark"
        : "issues: of the busier of the two vector units"
      : `no place here, since they count no vector work: ${leftOut.map(({ kernel }) => kernel).join(", ")}`,
  ];
  const names = [...new Set(marks.map(({ kernel }) => kernel))];
  const legendWidth = Math.max(0, ...names.map((name) => textWidth(name, fontSize))) + 30;
  const width = Math.ceil(
    Math.max(plot.left + plot.width + 16 + legendWidth, ...head.map((text, i) => 40 + textWidth(text, headSize(i)))),
  );
  const height = plot.top + plot.height + below;
  const parts = [
    element("title", {}, { text: title }),
    `<style>${style}</style>`,
    element("rect", { width, height, fill: "#fff" }),
    ...head.map((text, i) => element("text", { x: 20, y: 24 + 15 * i, "font-size": headSize(i) }, { text })),
    ...gridLines(scale),
    ...roofLines(
      scale,
      roofs,
      marks.map(({ x, y }) => scale.place(x, y)),
    ),
    ...markShapes(
      marks.map((mark) => ({ ...markText(mark), place: scale.place(mark.x, mark.y), colour: colourOf(mark.kernel) })),
    ),
    ...names.flatMap((name, i) => legendLine(name, i, colourOf(name))),
  ];
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const svg = element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, { children: parts });
  return {
    svg: `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`,
    ...{ width, height },
    leftOut: leftOut.map(({ kernel }) => kernel),
  };
}

const style = `text{font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#222}
.grid{stroke:#e3e5ea;stroke-width:.6}.frame{fill:none;stroke:#555}.roof{stroke-width:1.6;fill:none}
.label{paint-order:stroke;stroke:#fff;stroke-width:3px}`;

const headSize = (line: number): number => (line === 0 ? 13 : 9);

/** A place of a kernel in the plane of intensity and speed. */
interface Mark {
  readonly kernel: string;
  readonly of: "memory" | "stream";
  readonly x: number;
  readonly y: number;
}

function marksOf({ kernel, counted }: KernelWork): Mark[] {
  if (counted === undefined || counted.issuesPerCycle === 0) return [];
  const { memoryIntensity, streamIntensity, issuesPerCycle, issuesPerRunCycle } = counted;
  const marks: Mark[] = [
    { kernel, of: "memory", x: memoryIntensity, y: issuesPerCycle },
    { kernel, of: "stream", x: streamIntensity, y: issuesPerRunCycle },
  ];
  return marks.filter(({ x }) => Number.isFinite(x));
}

interface Scale {
  /** Powers of ten at both ends. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  place(x: number, y: number): Point;
}

/** Whole decades that hold all marks and the ridges, where a slanted roof meets the level one. */
function axes(marks: readonly Mark[], roofs: CoreRoofs): Scale {
  const ridges = [1 / memoryBytes(roofs), 1 / roofs.streamBytesPerCycle];
  const xs = [...marks.map(({ x }) => x), ...ridges].map(Math.log10);
  const ys = [...marks.map(({ y }) => y), 0.1].map(Math.log10);
  const x = [Math.floor(Math.min(...xs) - 0.2), Math.ceil(Math.max(...xs) + 0.2)] as const;
  const y = [Math.floor(Math.min(...ys) - 0.1), 0.3] as const;
  const at = (value: number, [low, high]: readonly [number, number]): number =>
    (Math.log10(value) - low) / (high - low);
  return {
    ...{ x, y },
    place: (px, py) => ({
      x: plot.left + plot.width * at(px, x),
      y: plot.top + plot.height * (1 - at(py, y)),
    }),
  };
}

/** The most that a core loads and stores together in a cycle. */
const memoryBytes = ({ loadBytesPerCycle, storeBytesPerCycle }: CoreRoofs): number =>
  loadBytesPerCycle + storeBytesPerCycle;

function gridLines(scale: Scale): string[] {
  const { left, top, width, height } = plot;
  const bottom = top + height;
  const parts: string[] = [];
  for (let decade = scale.x[0]; decade <= scale.x[1]; decade++) {
    const { x } = scale.place(10 ** decade, 1);
    parts.push(element("line", { class: "grid", x1: x, x2: x, y1: top, y2: bottom }));
    parts.push(text(powerOfTen(decade), { x, y: bottom + 14, "text-anchor": "middle" }));
  }
  for (let decade = scale.y[0]; decade <= 0; decade++) {
    const { y } = scale.place(1, 10 ** decade);
    parts.push(element("line", { class: "grid", x1: left, x2: left + width, y1: y, y2: y }));
    parts.push(text(powerOfTen(decade), { x: left - 6, y: y + 3, "text-anchor": "end" }));
  }
  const middle = top + height / 2;
  return [
    ...parts,
    element("rect", { class: "frame", x: left, y: top, width, height }),
    text("vector issues per byte", { x: left + width / 2, y: bottom + 32, "text-anchor": "middle" }),
    text("vector issues per cycle", {
      ...{ x: 16, y: middle, "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` },
    }),
  ];
}

/** `marks`: places that the names of the roofs leave free. */
function roofLines(scale: Scale, roofs: CoreRoofs, marks: readonly Point[]): string[] {
  const slanted = (bytesPerCycle: number, what: string, colour: string): string[] => {
    const low = Math.max(10 ** scale.x[0], 10 ** scale.y[0] / bytesPerCycle);
    const [from, to] = [scale.place(low, low * bytesPerCycle), scale.place(1 / bytesPerCycle, 1)];
    const name = `${what}, ${bytesPerCycle} B/cycle`;
    const width = textWidth(name, fontSize);
    const { x, y, degrees } = textAlong({ from, to }, { width, marks, radius: markRadius });
    const turned = { x, y, transform: `rotate(${round(degrees)} ${round(x)} ${round(y)})` };
    const d = `M${round(from.x)} ${round(from.y)}L${round(to.x)} ${round(to.y)}`;
    return [
      element("path", { class: "roof", d, stroke: colour }),
      text(name, { class: "label", ...turned, style: `fill:${colour}` }),
    ];
  };
  const memory = memoryBytes(roofs);
  const [from, to] = [scale.place(1 / memory, 1), scale.place(10 ** scale.x[1], 1)];
  const d = `M${round(from.x)} ${round(from.y)}L${round(to.x)} ${round(to.y)}`;
  return [
    ...slanted(memory, "tile memory", "#2563a8"),
    ...slanted(roofs.streamBytesPerCycle, "stream of one channel", "#a85a25"),
    element("path", { class: "roof", d, stroke: "#444" }),
    text("compute, 1 issue/cycle", { x: to.x - 4, y: to.y - 9, "text-anchor": "end" }),
  ];
}

function markText({ kernel, of, x, y }: Mark): { readonly title: string; readonly isRing: boolean } {
  const what = of === "memory" ? "loaded and stored, in the kernel" : "of the busiest channel, in the run";
  return { title: `${kernel}: ${x.toPrecision(3)}/B ${what}, ${y.toPrecision(3)}/cycle`, isRing: of === "stream" };
}

function legendLine(name: string, index: number, colour: string): string[] {
  const [x, y] = [plot.left + plot.width + 16, plot.top + 8 + 14 * index];
  return [element("circle", { cx: x + 4, cy: y, r: 4, fill: colour }), text(name, { x: x + 14, y: y + 3 })];
}

/** A colour for each name: hues a golden angle apart. */
function colours(names: readonly string[]): (name: string) => string {
  const hues = new Map([...new Set(names)].map((name, i) => [name, Math.round((210 + i * 137.5) % 360)]));
  return (name) => `hsl(${hues.get(name) ?? 0}, 62%, 42%)`;
}

function text(words: string, attributes: Readonly<Record<string, string | number>>): string {
  return element("text", { "font-size": fontSize, ...attributes }, { text: words });
}

function powerOfTen(decade: number): string {
  return decade >= 0 ? String(10 ** decade) : (10 ** decade).toFixed(-decade);
}

const round = (pixels: number): number => Math.round(pixels * 100) / 100;
