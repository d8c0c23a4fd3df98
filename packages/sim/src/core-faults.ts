import type { Operation } from "@aiekit/mlir";
import { at, SimFault, type TileCoord, tileName } from "./fault.ts";

/** What ends the run of a core whose body does what no core can. `site` is the number of the operation in its program. */
export interface CoreFaults {
  /** An element that a memref does not have. */
  readonly outOfBounds: (site: number, index: number, elements: number) => never;
  /** A quotient or remainder of integers whose divisor is 0. */
  readonly divisionByZero: (site: number) => never;
}

interface FaultPlace {
  readonly tile: TileCoord;
  readonly sites: readonly Operation[];
  /** When what the core does now began. */
  readonly cycle: () => number;
}

/** What an integer division by zero comes to elsewhere. Source: AIE cores have no instruction for it; C++ and MLIR leave it undefined. */
export const divisionOnNpu = "an NPU divides in software, and goes on with a number that means nothing";

export function coreFaults({ tile, sites, cycle }: FaultPlace): CoreFaults {
  const who = (op: Operation): string => `core ${tileName(tile)}, ${op.name}${at(op.loc)}`;
  return {
    outOfBounds: (site, index, elements) => {
      const op = sites[site]!;
      const name = op.operands.find((value) => value.type.kind === "memref")?.name;
      throw new SimFault(
        `${who(op)}: element ${index} of ${name === undefined ? "memory" : `%${name}`}, which has ${elements} elements`,
        { kind: "buffer-bounds", cycle: cycle(), tile, ...(name !== undefined && { buffer: name }) },
        { hint: "check the index against the type of the memref" },
      );
    },
    divisionByZero: (site) => {
      const op = sites[site]!;
      const name = op.operands[1]?.name;
      throw new SimFault(
        `${who(op)}: divides by ${name === undefined ? "a value" : `%${name}`}, which is 0; ${divisionOnNpu}`,
        { kind: "division-by-zero", cycle: cycle(), tile },
        {
          hint: "look at where the divisor comes from: a parameter or an object that nobody wrote reads as 0 here (aiekit sim --check)",
        },
      );
    },
  };
}
