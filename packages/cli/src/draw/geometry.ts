/** In pixels of the picture; y grows downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

/** A horizontal or vertical stretch of a line. */
export interface Segment {
  readonly from: Point;
  readonly to: Point;
}
