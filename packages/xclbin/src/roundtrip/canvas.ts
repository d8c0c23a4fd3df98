/** Bytes of a file that no field describes: padding, reserved words. */
export interface OpenRange {
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** A part of a file, and whether it was encoded from what was read or taken over as bytes. */
export interface EncodedPart {
  readonly what: string;
  readonly at: number;
  readonly bytes: number;
  readonly how: "encoded" | "kept as bytes";
  /** Why it was kept. */
  readonly why?: string;
}

/** A file put together again from what was read of it. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Ranges that the encoding left as they were at first (zeros), in order. */
  readonly open: readonly OpenRange[];
  readonly parts: readonly EncodedPart[];
}

/** A file being put together: what is put is described, everything else stays open. */
export interface Canvas {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly puts: { readonly from: number; readonly to: number; readonly what: string }[];
  readonly parts: EncodedPart[];
}

export function newCanvas(sizeBytes: number): Canvas {
  const bytes = new Uint8Array(sizeBytes);
  return { bytes, view: new DataView(bytes.buffer), puts: [], parts: [] };
}

/** What does not fit is cut off: the comparison with the file then tells the difference. */
export function put(canvas: Canvas, at: number, data: Uint8Array, what: string): void {
  const room = Math.min(data.length, canvas.bytes.length - at);
  if (room <= 0) return;
  canvas.bytes.set(data.subarray(0, room), at);
  canvas.puts.push({ from: at, to: at + room, what });
}

export function putU32(canvas: Canvas, at: number, value: number, what: string): void {
  canvas.view.setUint32(at, value, true);
  canvas.puts.push({ from: at, to: at + 4, what });
}

/** Puts a part that was encoded by itself: its open ranges stay open, its parts are told with their place in the whole. */
export function putEncoded(canvas: Canvas, at: number, encoded: Encoded, what: string): void {
  canvas.bytes.set(encoded.bytes, at);
  let from = 0;
  for (const gap of [...encoded.open, { from: encoded.bytes.length, to: encoded.bytes.length }]) {
    if (gap.from > from) canvas.puts.push({ from: at + from, to: at + gap.from, what });
    from = gap.to;
  }
  for (const part of encoded.parts) canvas.parts.push({ ...part, at: at + part.at });
}

/** What was put, with the ranges between named after what precedes them. */
export function finish({ bytes, puts, parts }: Canvas): Encoded {
  const open: OpenRange[] = [];
  let end = 0;
  let before = "the start";
  for (const { from, to, what } of [...puts].sort((a, b) => a.from - b.from)) {
    if (from > end) open.push({ from: end, to: from, what: `between ${before} and ${what}` });
    if (to >= end) before = what;
    end = Math.max(end, to);
  }
  if (end < bytes.length) open.push({ from: end, to: bytes.length, what: `behind ${before}` });
  return { bytes, open, parts };
}

/** Bytes taken over as one part, with the reason. */
export function keptPart(bytes: Uint8Array, what: string, why: string): Encoded {
  return { bytes, open: [], parts: [{ what, at: 0, bytes: bytes.length, how: "kept as bytes", why }] };
}

/** Bytes encoded as one part without open ranges. */
export function encodedPart(bytes: Uint8Array, what: string): Encoded {
  return { bytes, open: [], parts: [{ what, at: 0, bytes: bytes.length, how: "encoded" }] };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
