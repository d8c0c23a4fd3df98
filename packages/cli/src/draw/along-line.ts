import type { Point } from "./geometry.ts";

/** A text beside a slanted line, turned as the line is. */
interface TextAlong {
  /** Start of the baseline. */
  readonly x: number;
  readonly y: number;
  /** Clockwise, about the start. */
  readonly degrees: number;
}

/** Of the text's box: from the line to it, and its height. */
const box = { gap: 3, height: 10 };
/** From the baseline down to the box's lower edge. */
const descent = 2;
/** Where along the line the text's middle may be, best first. */
const middles = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];

/**
 * Places a text of `width` pixels beside the line, above it or else below, where it covers none of the `marks`, discs of a
 * radius. Where there is no such place, at the middle and above.
 */
export function textAlong(
  line: { readonly from: Point; readonly to: Point },
  { width, marks, radius }: { readonly width: number; readonly marks: readonly Point[]; readonly radius: number },
): TextAlong {
  const { from, to } = line;
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [cos, sin] = [(to.x - from.x) / length, (to.y - from.y) / length];
  // Along the line, and away from it to the lower right.
  const inLine = marks.map(({ x, y }) => ({
    along: (x - from.x) * cos + (y - from.y) * sin,
    away: (y - from.y) * cos - (x - from.x) * sin,
  }));
  const tops = { above: -box.gap - box.height, below: box.gap };
  const isFree = (start: number, top: number): boolean =>
    inLine.every(
      ({ along, away }) =>
        along < start - radius ||
        along > start + width + radius ||
        away < top - radius ||
        away > top + box.height + radius,
    );
  const starts = middles.map((middle) => middle * length - width / 2).filter((start) => start >= 0);
  const [first = 0] = starts;
  const above = starts.find((start) => isFree(start, tops.above));
  const below = above === undefined ? starts.find((start) => isFree(start, tops.below)) : undefined;
  const [start, top] = below === undefined ? [above ?? first, tops.above] : [below, tops.below];
  const baseline = top + box.height - descent;
  return {
    x: from.x + start * cos - baseline * sin,
    y: from.y + start * sin + baseline * cos,
    degrees: (Math.atan2(sin, cos) * 180) / Math.PI,
  };
}
