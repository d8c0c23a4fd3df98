import type { BdDim } from "../../ir/attributes.ts";
import { type Operation, type Value, walk } from "../../ir/operation.ts";
import { type MemRefType, memrefElements, sameType } from "../../ir/types.ts";
import { typeText } from "../../printer/attributes.ts";
import type { Check } from "../check.ts";
import { enclosing } from "../surroundings.ts";
import { homeTile, kindOf, reaches, samePlace, sameTile, tileOf } from "../tiles.ts";

/** aie.objectfifo: depths, layouts, repetition and streams where the tiles at its ends have them. */
export function verifyObjectFifo(op: Operation, check: Check): void {
  if (!elementOf(op)) check.error("needs an element type !aie.objectfifo<memref<...>>");
  const [producer, ...consumers] = op.operands;
  const depth = op.attributes.get("elemNumber");
  if (depth?.kind === "array" && depth.elements.length !== op.operands.length) {
    check.error("does not have enough depths specified for producer and for each consumer.", {
      hint: `1 producer + ${consumers.length} consumers need ${op.operands.length} depths, found ${depth.elements.length}`,
    });
  }
  const kinds = [producer, ...consumers].map((value) => kindOf(check.device, tileOf(value)));
  verifyShimEnds(op, kinds, check);
  verifyStream(op, kinds, check);
  const values = op.attributes.get("initValues");
  if (values !== undefined && kinds[0] === "shim") check.error("`init_values` unavailable for shim tiles");
  const [objects] = depth?.kind === "array" ? depth.elements : [depth];
  if (values?.kind === "array" && objects?.kind === "integer" && Number(objects.value) !== values.elements.length) {
    check.error("`init_values` does not initialize all objects", {
      hint: `${objects.value} objects, ${values.elements.length} values`,
    });
  }
  const iterCount = op.int("iter_count");
  if (iterCount !== undefined) {
    if (iterCount < 1 || iterCount > 256) check.error("`iter_count` must be between 1 and 256");
    else if (!kinds.includes("memtile")) check.error("`iter_count` is currently only supported on MemTiles");
  }
  warnOfFifo(op, kinds, check);
}

function verifyShimEnds(op: Operation, [producer, ...consumers]: readonly (string | undefined)[], check: Check): void {
  const hint = "give the strides to the transfer of the runtime sequence";
  if (producer === "shim" && dimsOf(op.attributes.get("dimensionsToStream")).length > 0) {
    const what = "`dimensionsToStream` data layout transformations are not supported on shim tile producers";
    check.error(what, { hint });
  }
  const from = op.attributes.get("dimensionsFromStreamPerConsumer");
  const fromStream = from?.kind === "array" ? from.elements : [];
  if (consumers.some((kind, i) => kind === "shim" && dimsOf(fromStream[i]).length > 0)) {
    const name = "`dimensionsFromStreamPerConsumer`";
    check.error(`${name} data layout transformations are not supported on shim tile consumers`, { hint });
  }
  if (producer === "shim" && op.attributes.has("repeat_count")) {
    check.error("`repeat_count` unavailable for shim tiles");
  }
}

function verifyStream(op: Operation, kinds: readonly (string | undefined)[], check: Check): void {
  const stream = op.int("aie_stream");
  const hasPort = op.attributes.has("aie_stream_port");
  if (stream === undefined) {
    if (hasPort) check.error("`aie_stream` must be defined");
    return;
  }
  if (op.operands.length > 2) check.error("`aie_stream` can only be used in 1-to-1 object FIFOs");
  else if (!hasPort) check.error("`aie_stream_port` must be defined");
  const isStreamless = (kind: string | undefined) => kind === "shim" || kind === "memtile";
  const noPort = "`aie_stream` is not available for shim and mem tiles";
  if (stream !== 1) {
    if (isStreamless(kinds[0])) check.error(noPort);
    for (const [name, attribute] of [
      ["repeat_count", "repeat_count"],
      ["init_values", "initValues"],
      ["iter_count", "iter_count"],
    ] as const) {
      if (op.attributes.has(attribute)) check.error(`\`${name}\` unavailable on stream end`);
    }
    if (dimsOf(op.attributes.get("dimensionsToStream")).length > 0) {
      check.error("`dimensionsToStream` data layout transformations are unavailable on stream end");
    }
  }
  if (stream !== 0 && isStreamless(kinds[1])) check.error(noPort);
  const from = op.attributes.get("dimensionsFromStreamPerConsumer");
  if (from?.kind === "array" && dimsOf(from.elements[0]).length > 0) {
    check.error("`dimensionsFromStreamPerConsumer` data layout transformations are unavailable on stream end");
  }
}

function warnOfFifo(op: Operation, kinds: readonly (string | undefined)[], check: Check): void {
  const element = elementOf(op);
  if (kinds[0] === "shim" && kinds[1] === "shim") {
    check.warning("both ends are shim tiles: no route leads from one shim DMA to another");
  }
  if (op.attributes.has("padDimensions") && dimsOf(op.attributes.get("dimensionsToStream")).length === 0) {
    check.warning("padDimensions have no effect without dimensionsToStream");
  }
  const places = op.operands.slice(1).map((end) => tileOf(end));
  const twice = places.find((place, i) => place && places.slice(0, i).some((other) => sameTile(other, place)));
  if (twice) {
    const at = `(${twice.col},${twice.row})`;
    check.warning(`tile ${at} stands twice among the consumers: it gets every object twice, on two channels`, {
      hint: `name each consumer once; the core of ${at} takes objects of one of the two, and the other is full for ever`,
    });
  }
  const values = op.attributes.get("initValues");
  for (const value of values?.kind === "array" ? values.elements : []) {
    if (value.kind !== "dense" || !element) continue;
    if (JSON.stringify(value.type.shape) !== JSON.stringify(element.shape)) {
      const shapes = `${value.type.shape.join("x")}, the objects are ${element.shape.join("x")}`;
      check.warning(`an initial value has the shape ${shapes}`);
    }
  }
}

/** aie.objectfifo.allocate: names a fifo that can live in shared memory. */
export function verifyAllocate(op: Operation, check: Check): void {
  const fifo = fifoOf(op, check);
  if (!fifo) {
    check.error("cannot retrieve associated object FIFO");
    return;
  }
  const cannot = "cannot allocate a shared memory module to objectfifo";
  if (fifo.operands.length > 2) check.error("can only be used in 1-to-1 object FIFOs");
  if (fifo.flag("via_DMA")) check.error(`${cannot} with set \`via_DMA\` attribute`);
  if (fifo.attributes.has("repeat_count")) check.error(`${cannot} with set \`repeat_count\` attribute`);
  if (dimsOf(fifo.attributes.get("dimensionsToStream")).length > 0) {
    check.error(`${cannot} with set dimensions attribute`);
  }
  if (fifo.attributes.has("aie_stream")) check.error(`${cannot} using stream port`);
  const delegate = tileOf(op.operands[0]);
  const ends = fifo.operands.map((value) => tileOf(value));
  const { device } = check;
  if (device && delegate && ends.some((end) => end && !sameTile(end, delegate) && !reaches(device, end, delegate))) {
    check.warning("the tile's memory is not within reach of both ends of the fifo");
  }
}

/** aie.objectfifo.register_external_buffers: on a shim tile. */
export function verifyExternalBuffers(op: Operation, check: Check): void {
  const kind = kindOf(check.device, tileOf(op.operands[0]));
  if (kind !== undefined && kind !== "shim") {
    check.error("failed to verify that op exists in a shim tile with NOC connection");
  }
}

/** aie.objectfifo.acquire and release: a fifo of this device, inside a core, at an end the core stands at. */
export function verifyAccess(op: Operation, check: Check): void {
  const core = enclosing(op, "aie.core");
  if (!core) {
    check.error("must be called from inside a CoreOp");
    return;
  }
  const fifo = fifoOf(op, check);
  if (!fifo) {
    check.error("cannot retrieve associated object FIFO");
    return;
  }
  const [producer, ...consumers] = fifo.operands;
  const port = op.text("port");
  const [tile] = core.operands;
  const isThere = port === "Produce" ? samePlace(producer, tile) : consumers.some((end) => samePlace(end, tile));
  if (!isThere) {
    const end = port === "Produce" ? "producer" : "consumer";
    check.error(`${end} port of objectFifo accessed by core running on non-${end} tile`, {
      ...{ at: core, hint: endsText(op.text("objFifo_name"), fifo) },
    });
  }
  const element = elementOf(fifo);
  const type = op.results[0]?.type;
  if (op.name === "aie.objectfifo.release") return;
  if (type?.kind !== "objectfifosubview" || (element && !sameType(type.element, element))) {
    const got = type?.kind === "objectfifosubview" ? typeText(type.element) : "something else";
    const hint = `objects of @${op.text("objFifo_name")} are ${element && typeText(element)}, the result has ${got}`;
    check.error("ObjectFifo element and ObjectFifoSubview element must match.", { hint });
  }
  warnOfDepth(op, fifo, check);
}

/** `@in is produced on tile (0,0) and consumed on (0,2)` */
function endsText(name: string | undefined, { operands: [producer, ...consumers] }: Operation): string {
  const place = (tile: Value | undefined): string => {
    const at = tileOf(tile);
    return at ? `(${at.col},${at.row})` : "a tile without a place";
  };
  return `@${name} is produced on tile ${place(producer)} and consumed on ${consumers.map(place).join(", ")}: list this core's tile among them, or use the other port`;
}

function warnOfDepth(op: Operation, fifo: Operation, check: Check): void {
  const size = op.int("size") ?? 0;
  const depth = fifo.attributes.get("elemNumber");
  if (depth?.kind === "array") {
    const tile = homeTile(enclosing(op, "aie.core"));
    const at =
      op.text("port") === "Produce" ? 0 : fifo.operands.findIndex((end, i) => i > 0 && sameTile(tileOf(end), tile));
    const own = depth.elements[at];
    if (own?.kind === "integer" && size > own.value) {
      check.warning(`acquires ${size} objects of a fifo that has ${own.value} at this end: it waits for ever`);
    }
    return;
  }
  if (depth?.kind === "integer" && size > depth.value) {
    check.warning(`acquires ${size} objects of a fifo of depth ${depth.value}: the compiler makes it deeper`);
  }
}

/** aie.core: no release of more objects than the acquire before it took, in straight code. */
export function warnOfReleases(core: Operation, check: Check): void {
  const held = new Map<string, number>();
  walk(core, (op) => {
    const key = `${op.text("objFifo_name")} ${op.text("port")}`;
    const size = op.int("size") ?? 0;
    if (op.name === "aie.objectfifo.acquire") held.set(key, Math.max(held.get(key) ?? 0, size));
    if (op.name !== "aie.objectfifo.release") return;
    const before = held.get(key) ?? 0;
    held.set(key, Math.max(0, before - size));
    if (before < size) {
      check.warning(`releases ${size} objects and holds ${before}`, { at: op });
    }
  });
}

/** aie.objectfifo.subview.access: an index below what was acquired. */
export function verifySubviewAccess(op: Operation, check: Check): void {
  const acquire = op.operands[0]?.definingOp;
  const at = op.int("index") ?? 0;
  if (acquire?.name === "aie.objectfifo.acquire" && at >= (acquire.int("size") ?? 0)) {
    check.error("accessed farther than number of acquired elements (index out of bounds).", {
      hint: `index ${at}, ${acquire.int("size")} acquired`,
    });
  }
  const subview = op.operands[0]?.type;
  const output = op.results[0]?.type;
  if (subview?.kind !== "objectfifosubview" || !output || !sameType(subview.element, output)) {
    const types = subview?.kind === "objectfifosubview" && output && [typeText(subview.element), typeText(output)];
    const hint = types ? `the subview has ${types[0]}, the result is ${types[1]}` : "take it of an acquired subview";
    check.error("ObjectFifo element and ObjectFifoSubview element must match.", { hint });
  }
}

/** The fifo that an operation names in `objFifo_name`. */
function fifoOf(op: Operation, check: Check): Operation | undefined {
  const fifo = check.symbol(op.text("objFifo_name") ?? "");
  return fifo?.name === "aie.objectfifo" ? fifo : undefined;
}

export function elementOf(fifo: Operation): MemRefType | undefined {
  const type = fifo.attributes.get("elemType");
  return type?.kind === "type" && type.type.kind === "objectfifo" ? type.type.element : undefined;
}

/** Elements of one object. */
export function objectElements(fifo: Operation): number {
  const element = elementOf(fifo);
  return (element && memrefElements(element)) ?? 0;
}

export function dimsOf(attribute: { readonly kind: string } | undefined): readonly BdDim[] {
  return attribute?.kind === "bd-dims" ? (attribute as { dims: readonly BdDim[] } & typeof attribute).dims : [];
}
