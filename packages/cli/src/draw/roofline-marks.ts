import type { Point } from "./geometry.ts";
import { element } from "./svg-text.ts";

/** A kernel's disc or ring. */
interface PlacedMark {
  readonly place: Point;
  readonly colour: string;
  readonly isRing: boolean;
  /** What a pointer over it shows. */
  readonly title: string;
}

export const markRadius = 6;
const radius = 5;
/** Marks whose middles are nearer than this would hide one another. */
const togetherBelow = 4;

/**
 * Discs and rings. Those at one place share it: each has a part of the circle, clockwise from the top, in the order given, so that
 * none is hidden.
 */
export function markShapes(marks: readonly PlacedMark[]): string[] {
  const groups: [PlacedMark, ...PlacedMark[]][] = [];
  for (const mark of marks) {
    const group = groups.find(([first]) => first.isRing === mark.isRing && distance(first, mark) < togetherBelow);
    if (group) group.push(mark);
    else groups.push([mark]);
  }
  return groups.flatMap(([first, ...more]) =>
    more.length === 0 ? [whole(first)] : [first, ...more].map((mark, i) => part(first.place, mark, i, more.length + 1)),
  );
}

const distance = (a: PlacedMark, b: PlacedMark): number => Math.hypot(a.place.x - b.place.x, a.place.y - b.place.y);

function whole(mark: PlacedMark): string {
  const { x: cx, y: cy } = mark.place;
  return element("circle", { cx, cy, r: radius, ...paint(mark) }, { children: [titleOf(mark)] });
}

/** Part `i` of `count` of the circle at a place. */
function part({ x, y }: Point, mark: PlacedMark, i: number, count: number): string {
  const at = (turn: number): string => {
    const angle = 2 * Math.PI * turn;
    return `${round(x + radius * Math.sin(angle))} ${round(y - radius * Math.cos(angle))}`;
  };
  const arc = `${at(i / count)}A${radius} ${radius} 0 0 1 ${at((i + 1) / count)}`;
  const d = mark.isRing ? `M${arc}` : `M${round(x)} ${round(y)}L${arc}Z`;
  return element("path", { class: "part", d, ...paint(mark) }, { children: [titleOf(mark)] });
}

function paint({ isRing, colour }: PlacedMark): Record<string, string | number> {
  return isRing ? { fill: "none", stroke: colour, "stroke-width": 2 } : { fill: colour };
}

const titleOf = ({ title }: PlacedMark): string => element("title", {}, { text: title });
const round = (pixels: number): number => Math.round(pixels * 100) / 100;
