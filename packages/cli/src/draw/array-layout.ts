import type { DesignLink } from "@aiekit/host";
import type { TileCoord } from "@aiekit/mlir";
import type { Point, Rect, Segment } from "./geometry.ts";
import { type LinkPlan, type LinkPort, planLinks } from "./link-plan.ts";
import { textWidth } from "./svg-text.ts";
import { assignTracks } from "./tracks.ts";

export interface LinkLayout {
  readonly link: DesignLink;
  readonly segments: readonly Segment[];
  /** Ends of arrows, on the edge of the receiver's box; `up` where the arrow points to higher rows. */
  readonly arrows: readonly (Point & { readonly up: boolean })[];
  /** The link's name, once for each space between rows that it runs along. */
  readonly labels: readonly Rect[];
}

export interface ArrayLayout {
  readonly width: number;
  readonly height: number;
  /** Of each tile, in the order given. */
  readonly boxes: readonly Rect[];
  readonly links: readonly LinkLayout[];
}

interface TileSize {
  readonly tile: TileCoord;
  readonly width: number;
  readonly height: number;
}

export const labelSize = 9;
/** From one line to the next that runs beside it: along rows with a label above each, and up and down. */
const pitch = { along: 14, upright: 8 };
/** Ports on the upper edge of a box stand between those of the lower edge of the box above, so that no lines meet. */
const portPitch = 14;
const margin = 20;

/**
 * Places tiles in their columns and rows, row 0 at the bottom, and leads each link through the spaces between them. No line
 * runs along another or through a box, and no label lies on another or on a box; lines cross.
 * `top`: pixels that are kept free above the array.
 */
export function layoutArray(tiles: readonly TileSize[], links: readonly DesignLink[], top: number): ArrayLayout {
  const plans = planLinks(links);
  const columns = placeColumns(tiles, plans);
  const portX = placePorts(plans, columns);
  const runs = plans.flatMap((plan, link) =>
    plan.gutters.map((gutter) => {
      const xs = plan.ports.filter((port) => port.gutter === gutter).map((port) => portX.get(port)!);
      const trunk = columns.trunkX[link];
      if (trunk !== undefined) xs.push(trunk);
      const [from, to] = [Math.min(...xs), Math.max(...xs)];
      const label = textWidth(plan.link.name, labelSize);
      return { link, gutter, from, to, label, reach: Math.max(to, from + 4 + label) };
    }),
  );
  const rows = placeRows(tiles, runs, top);

  const boxes = tiles.map(({ tile }): Rect => {
    const [row, column] = [rows.row.get(tile.row)!, columns.column.get(tile.col)!];
    return { x: column.x, y: row.y, width: column.width, height: row.height };
  });
  const laid = plans.map((plan, link): LinkLayout => {
    const own = runs.flatMap((run, i) => (run.link === link ? [{ ...run, y: rows.runY[i]! }] : []));
    const yOf = (gutter: number): number => own.find((run) => run.gutter === gutter)!.y;
    const stubs = plan.ports.map((port) => {
      const row = rows.row.get(port.tile.row)!;
      const edge = { x: portX.get(port)!, y: port.side === "top" ? row.y : row.y + row.height };
      return { port, edge, segment: { from: edge, to: { x: edge.x, y: yOf(port.gutter) } } };
    });
    const along = own.filter(({ from, to }) => to > from).map(({ from, to, y }) => line(from, y, to, y));
    const [x, ys] = [columns.trunkX[link], own.map(({ y }) => y)];
    const trunk = x === undefined ? [] : [line(x, Math.min(...ys), x, Math.max(...ys))];
    return {
      link: plan.link,
      segments: [...stubs.map(({ segment }) => segment), ...along, ...trunk],
      arrows: stubs
        .filter(({ port }) => port.end === "sink")
        .map(({ edge, port }) => ({ ...edge, up: port.side === "bottom" })),
      labels: own.map(({ from, y, label }) => ({ x: from + 4, y: y - 11, width: label, height: 10 })),
    };
  });
  const width = Math.max(columns.end, ...runs.map(({ reach }) => reach)) + margin;
  return { width, height: rows.end + margin, boxes, links: laid };
}

const line = (x1: number, y1: number, x2: number, y2: number): Segment => ({
  from: { x: x1, y: y1 },
  to: { x: x2, y: y2 },
});

/** Columns from left to right, and to the left of each the uprights of the links that start in it. */
function placeColumns(tiles: readonly TileSize[], plans: readonly LinkPlan[]) {
  const column = new Map<number, { readonly x: number; readonly width: number }>();
  const trunkX: (number | undefined)[] = plans.map(() => undefined);
  let x = margin;
  for (const col of sorted(tiles.map(({ tile }) => tile.col))) {
    const upright = plans.flatMap(({ link, gutters }, i) =>
      link.from.col === col && gutters.length > 1 ? [{ i, from: gutters[0]!, to: gutters.at(-1)! }] : [],
    );
    // Uprights that end and start in the same space between rows would meet there: ends count in whole spaces.
    const tracks = assignTracks(upright, 0.5);
    upright.forEach(({ i }, k) => {
      trunkX[i] = x + pitch.upright * (tracks[k]! + 1);
    });
    x += pitch.upright * (Math.max(0, ...tracks.map((track) => track + 1)) + 2);
    const crowd = Math.max(0, ...edgeCounts(plans, col));
    const widths = tiles.filter(({ tile }) => tile.col === col).map(({ width }) => width);
    const width = Math.max(...widths, portPitch * (crowd + 2));
    column.set(col, { x, width });
    x += width + pitch.upright;
  }
  return { column, trunkX, end: x };
}

/** Numbers of ports on each edge of a column's boxes. */
function edgeCounts(plans: readonly LinkPlan[], col: number): number[] {
  const counts = new Map<string, number>();
  for (const { tile, side } of plans.flatMap(({ ports }) => ports)) {
    if (tile.col !== col) continue;
    counts.set(`${tile.row} ${side}`, (counts.get(`${tile.row} ${side}`) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** Ports of an edge stand in the middle of it, in the order of where the links come from or lead to. */
function placePorts(plans: readonly LinkPlan[], { column }: ReturnType<typeof placeColumns>): Map<LinkPort, number> {
  const edges = new Map<string, LinkPort[]>();
  for (const port of plans.flatMap(({ ports }) => ports)) {
    const key = `${port.tile.col} ${port.tile.row} ${port.side}`;
    edges.set(key, [...(edges.get(key) ?? []), port]);
  }
  const away = ({ link, end }: LinkPort): number => {
    const { from, to } = plans[link]!.link;
    return end === "sink" ? from.col : to.reduce((sum, { col }) => sum + col, 0) / to.length;
  };
  const found = new Map<LinkPort, number>();
  for (const ports of edges.values()) {
    const { x, width } = column.get(ports[0]!.tile.col)!;
    const free = Math.floor((width / portPitch - ports.length - 1) / 2);
    const half = ports[0]!.side === "top" ? portPitch / 2 : 0;
    const ordered = [...ports].sort((a, b) => away(a) - away(b) || a.link - b.link);
    for (const [i, port] of ordered.entries()) found.set(port, x + half + portPitch * (free + i + 0.75));
  }
  return found;
}

interface Run {
  readonly gutter: number;
  readonly from: number;
  readonly reach: number;
}

/** Rows from the highest at the top to row 0, and below each the lines that run there. */
function placeRows(tiles: readonly TileSize[], runs: readonly Run[], top: number) {
  const row = new Map<number, { readonly y: number; readonly height: number }>();
  const runY = runs.map(() => 0);
  let y = top;
  for (const r of sorted(tiles.map(({ tile }) => tile.row)).reverse()) {
    const height = Math.max(...tiles.filter(({ tile }) => tile.row === r).map((tile) => tile.height));
    row.set(r, { y, height });
    y += height;
    const here = runs.flatMap((run, i) => (run.gutter === r ? [{ i, from: run.from, to: run.reach }] : []));
    const tracks = assignTracks(here, 6);
    here.forEach(({ i }, k) => {
      runY[i] = y + 12 + pitch.along * (tracks[k]! + 0.5);
    });
    y += pitch.along * Math.max(0, ...tracks.map((track) => track + 1)) + 24;
  }
  return { row, runY, end: y };
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
