import type { Operation } from "@aiekit/mlir";
import { at, SimFault, type TileCoord, tileName } from "./fault.ts";

/** A core's body used an element that its memref does not have. */
export function outOfBounds(op: Operation, { tile, index, elements, cycle }: OutOfBounds): SimFault {
  const name = op.operands.find((value) => value.type.kind === "memref")?.name;
  return new SimFault(
    `core ${tileName(tile)}, ${op.name}${at(op.loc)}: element ${index} of ${name === undefined ? "memory" : `%${name}`}, which has ${elements} elements`,
    { kind: "buffer-bounds", cycle, tile, ...(name !== undefined && { buffer: name }) },
    { hint: "check the index against the type of the memref" },
  );
}

interface OutOfBounds {
  readonly tile: TileCoord;
  readonly index: number;
  readonly elements: number;
  readonly cycle: number;
}
